/** Which places a visitor asks for: read from a form, and kept in an address while they sign in. */
import { PLACES_MAX } from '#lib/seatmap/basket.svelte.ts';
import { field, fields } from './forms.ts';

/** Either numbered seats, or a quantity of a section without numbers. */
export type Wish = { readonly seats: string[] } | { readonly section: string; readonly quantity: number };

/** What the form asks for, or `undefined` if that is nothing. The API judges whether it can be had. */
export function wishOf(form: FormData): Wish | undefined {
  const seats = [...new Set(fields(form, 'seats'))];
  if (seats.length > 0) return { seats };
  const section = field(form, 'section');
  const quantity = Number(field(form, 'quantity'));
  return section && Number.isInteger(quantity) && quantity > 0 ? { section, quantity } : undefined;
}

/** The query that brings a visitor back to the same choice after signing in. */
export function queryOf(wish: Wish): string {
  if ('seats' in wish) return `seats=${wish.seats.map(encodeURIComponent).join(',')}`;
  return new URLSearchParams({ standing: wish.section, quantity: String(wish.quantity) }).toString();
}

/** What the address asks for: the counterpart of `queryOf`. */
export function wantedOf(query: URLSearchParams) {
  const seats = (query.get('seats') ?? '').split(',').filter(Boolean).slice(0, PLACES_MAX);
  const section = query.get('standing');
  const quantity = Number(query.get('quantity'));
  return { seats, standing: section ? { section, quantity } : undefined };
}
