export const GET = (): Response => new Response('live\n');
