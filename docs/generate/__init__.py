"""What is made while the site is built, from what the code, the models and the measurements say."""
