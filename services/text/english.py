"""Closed-class words of English."""

_STOP_WORDS = """
a about above after again against all also am an and any are aren't as at be because been before being
below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down
during each either else ever every few for from further get gets getting go goes going gonna got had
hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him himself his how
however i i'd i'll i'm i've if in into is isn't it it's its itself just kind let let's like lot made make
many may maybe me might more most much must my myself no nor not now of off oh ok okay on once one only or
other others our ours ourselves out over own quite rather really said same say says she she'd she'll she's
should shouldn't so some something sort still such than that that's the their theirs them themselves then
there there's these they they'd they'll they're they've thing things this those though through to too um
uh under until up upon us very was wasn't we we'd we'll we're we've well went were weren't what what's
when where which while who whom whose why will with within without won't would wouldn't yeah yes yet you
you'd you'll you're you've your yours yourself yourselves dont im ive cant didnt
"""

_MARKERS = """
the and to that it i you my this with for be are have not but they at your from by if what about would
there can which when will their so out who has been how just were she he i'm don't it's them than because
really like think know you're that's going then into very also some other get
"""

STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Function words and fillers: among an answer's frequent words they would say nothing about it."""

MARKERS = frozenset(_MARKERS.split())
"""Words that running English cannot do without, less those that Dutch, German, French, Italian,
Portuguese or Spanish spell the same (a, as, do, had, in, is, me, of, on, or, was, we)."""
