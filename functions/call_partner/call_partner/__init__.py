"""The retry Lambda: one call to another company or to ourselves, bounded, jittered, idempotent."""
