"""The AWS emulator: started with its known flaws mended, and filled from the CDK's own templates."""
