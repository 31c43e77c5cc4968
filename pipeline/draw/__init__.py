"""What stage `figures` draws: one file per kind of figure; `run` holds what they are drawn from, `style` their look."""
