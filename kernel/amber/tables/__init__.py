"""The relational database: engines, migrations, sealed values."""
