"""What stage `pages` writes, a file a page; `outputs` is what they are written from, `html` how it is spelt."""
