/** E-mail that the local emulator of SES keeps instead of delivering it. There is no such thing on AWS. */
import PostalMime, { type Attachment } from 'postal-mime';
import { MAILBOX_URL } from '$app/env/private';
import { ApiProblem } from './problem.ts';

const DEADLINE_MS = 3000;
const SHOWN_MAX = 200;

/** A message as the emulator lists it. */
interface SentMessage {
  readonly MessageId: string;
  readonly Source: string;
  readonly To: string[];
  readonly Subject: string;
  readonly BodyText: string;
  readonly BodyHtml: string | null;
  /** Epoch seconds. */
  readonly Timestamp: number;
  /** The MIME message in base64, of a message that was sent as one. */
  readonly RawMessage?: string;
}

export interface Heading {
  readonly id: string;
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly sentAt: string;
}

export interface Letter extends Heading {
  readonly text: string;
  readonly html: string | undefined;
}

/** Newest first, those to a recipient whose address holds `recipient` in any case; at most SHOWN_MAX. */
export async function sentMail(recipient: string): Promise<Heading[]> {
  const wanted = recipient.trim().toLowerCase();
  return (await messages())
    .filter(({ To }) => To.some((address) => address.toLowerCase().includes(wanted)))
    .toSorted((one, other) => other.Timestamp - one.Timestamp)
    .slice(0, SHOWN_MAX)
    .map(heading);
}

/** One message, its pictures inside its HTML; `undefined` if there is none with that id. */
export async function letter(id: string): Promise<Letter | undefined> {
  const message = (await messages()).find(({ MessageId }) => MessageId === id);
  if (!message) return undefined;
  if (!message.RawMessage) {
    return { ...heading(message), text: message.BodyText, html: message.BodyHtml ?? undefined };
  }
  const mime = await PostalMime.parse(Buffer.from(message.RawMessage, 'base64'));
  return {
    ...heading(message),
    subject: mime.subject ?? message.Subject,
    text: mime.text ?? '',
    html: mime.html === undefined ? undefined : withPictures(mime.html, mime.attachments),
  };
}

/** Replace `cid:` addresses (RFC 2392) by the pictures themselves. */
export function withPictures(
  html: string,
  attachments: Pick<Attachment, 'contentId' | 'mimeType' | 'content'>[],
) {
  return attachments.reduce((text, { contentId, mimeType, content }) => {
    const id = contentId?.replace(/^<|>$/g, '');
    return id ? text.replaceAll(`cid:${id}`, `data:${mimeType};base64,${base64(content)}`) : text;
  }, html);
}

function base64(content: Attachment['content']): string {
  const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(new Uint8Array(content));
  return bytes.toString('base64');
}

function heading({ MessageId, Source, To, Subject, Timestamp }: SentMessage): Heading {
  const sentAt = new Date(Timestamp * 1000).toISOString();
  return { id: MessageId, from: Source, to: To, subject: Subject, sentAt };
}

async function messages(): Promise<SentMessage[]> {
  if (MAILBOX_URL === undefined) throw new ApiProblem(404, 'not_found');
  let response: Response;
  try {
    response = await fetch(MAILBOX_URL, { signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch (cause) {
    throw ApiProblem.unreachable(cause);
  }
  if (!response.ok) throw ApiProblem.of(response.status, undefined);
  const { messages: byAccount } = (await response.json()) as { messages: Record<string, SentMessage[]> };
  return Object.values(byAccount).flat();
}
