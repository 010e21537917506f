/** The API's documents by the names that the pages use. Types only: nothing of it reaches the browser. */
import type { paths as AccountsPaths } from '#openapi/accounts.d.ts';
import type { paths as BoxofficePaths } from '#openapi/boxoffice.d.ts';
import type { Language } from '#lib/i18n/index.ts';

type Body<Operation, Status extends number> = Operation extends {
  responses: Record<Status, { content: { 'application/json': infer Content } }>;
}
  ? Content
  : never;

export type EventSummary = Body<BoxofficePaths['/api/events']['get'], 200>['items'][number];
export type EventDocument = Body<BoxofficePaths['/api/events/{event_id}']['get'], 200>;
export type Section = EventDocument['sections'][number];
export type SeatReport = Body<BoxofficePaths['/api/events/{event_id}/seats']['get'], 200>;
export type SeatStatus = SeatReport['seats'][number];
export type SectionStatus = SeatReport['sections'][number];
export type Hold = Body<BoxofficePaths['/api/holds/{hold_id}']['get'], 200>;
export type Place = Hold['seats'][number];
export type Order = Body<BoxofficePaths['/api/orders/{order_id}']['get'], 200>;
export type Ticket = Body<BoxofficePaths['/api/tickets']['get'], 200>['items'][number];
export type Profile = Body<AccountsPaths['/api/accounts/me']['get'], 200>;

/** A text in both languages. */
export type Translated = Readonly<Record<Language, string>>;
