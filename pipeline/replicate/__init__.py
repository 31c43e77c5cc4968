"""The same work on other corpora: does a verdict hold there, and can the verdicts be trusted?"""
