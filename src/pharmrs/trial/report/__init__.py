"""The trial on the page: tables, figures, texts, results.json."""
