"""Users' stories, told to real processes: `amber up` in a temporary folder, real SDKs, real servers."""
