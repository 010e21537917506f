"""What Portico's services share. Each module is one noun; nothing here knows any of its users."""
