"""The questions that a new tenant starts with."""

DEFAULT_QUESTIONS: tuple[str, ...] = (
    "Tell me about yourself and what brought you here.",
    "Describe a time when you had to learn something quickly. How did you go about it?",
    "Tell me about a disagreement with a colleague and how you resolved it.",
    "What is a mistake you made at work, and what did you change afterwards?",
    "Describe a project you are proud of and your own part in it.",
    "How do you organise your work when several things are urgent at once?",
    "Tell me about a time when you helped somebody else to succeed.",
    "Where would you like to be in five years, and why?",
)
