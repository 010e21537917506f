/** How a place is called, on screen and aloud. */
import type { Place, Section } from '#lib/documents.ts';
import type { Language, Messages } from '#lib/i18n/index.ts';

type Named = Pick<Section, 'id' | 'name'>;

export function sectionName(sections: readonly Named[], id: string, language: Language): string {
  return sections.find((section) => section.id === id)?.name[language] ?? id;
}

/** "Fila C, butaca 12", or "plaza 7" where places have no row. */
export function placeName(place: Pick<Place, 'row' | 'number'>, t: Messages): string {
  if (!place.row) return capitalised(t.seats.place(place.number));
  return `${t.seats.row(place.row)}, ${t.seats.seat(place.number)}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The rank of a price among those of the event, 0 the dearest: it gives a section its tint. */
export function priceTier(sections: readonly Pick<Section, 'price_cents'>[], priceCents: number): number {
  const prices = [...new Set(sections.map((section) => section.price_cents))].toSorted((a, b) => b - a);
  return Math.min(prices.indexOf(priceCents), TIERS - 1);
}

const TIERS = 4;
