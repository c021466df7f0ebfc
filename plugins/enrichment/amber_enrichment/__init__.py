"""What Amber adds to and takes out of events before they are stored."""
