import type { Socket } from 'node:net';
import { newId } from '../kernel/ids.ts';
import { writeJson } from '../kernel/json.ts';

/**
 * Answers what is no HTTP request (a broken line, headers that are too long) like every other refusal and
 * ends the connection. Such a request never reaches a route.
 */
export function refuseUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = writeJson({ message: 'the request cannot be read', code: 'VALIDATION_FAILED' });
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
    `x-request-id: ${newId()}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
