"""What makes sure that every order ends: deadlines, lost executions, late charges, unsent tickets."""
