"""Reads the posts of the archive and writes what they say: paragraphs, voices, programs, themes.

`tag.tag_archive` does the whole. It reads `threads`, `posts`, `authors`, `links` and `revisions`, and alone writes
`paragraphs`, `program_tags`, `theme_tags` and `tagged_posts`.
"""
