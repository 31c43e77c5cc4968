"""Scores that survive a reviewer, each a pure function of arrays: undefined is None (nan in arrays), "" is unknown."""
