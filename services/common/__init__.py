"""What every Candor process shares: contracts, errors, messaging, storage, serving and settings."""
