"""The protocols that the server speaks, one file each: `router(service)`, registered as `eyeful.protocols`."""
