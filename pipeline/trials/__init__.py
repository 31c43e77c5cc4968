"""The four questions: what is trained for them, how trials are compared, and how a verdict becomes a sentence."""
