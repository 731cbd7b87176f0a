"""One module a generated page. Each has `page()`, which gives the whole page as Markdown."""
