"""What every protocol needs to read a request: content encodings, ids, forms."""
