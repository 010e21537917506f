/** The test cards of the payment partner. A real card's token would come from the partner's own form. */
export const CARDS = ['tok_visa', 'tok_declined', 'tok_insufficient_funds', 'tok_timeout'] as const;

export type Card = (typeof CARDS)[number];

export function isCard(value: string): value is Card {
  return (CARDS as readonly string[]).includes(value);
}
