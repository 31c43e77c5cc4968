"""What stage `figures` draws: a file a kind of figure; `seen` is what they are drawn from, `look` how they look."""
