"""The reference pages, one module each: `page()` gives the Markdown."""
