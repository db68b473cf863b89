import { createTransport } from 'nodemailer';

/** A mail in plain text. */
export type Mail = { readonly to: string; readonly subject: string; readonly text: string };

/** Takes mails to a mail server. */
export type Mailer = {
  /** Throws when the server does not take it. */
  send(mail: Mail): Promise<void>;
  close(): void;
};

const TIMEOUT_MS = 20_000;

/** A mailer on an SMTP server such as `smtp://user:secret@mail.example.com:587`; connects when needed. */
export function openMailer({ url, from }: { readonly url: string; readonly from: string }): Mailer {
  const transport = createTransport(
    { url, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    { from },
  );
  return {
    async send({ to, subject, text }) {
      // As a structured address, so that nothing in it is read as a second recipient.
      await transport.sendMail({ to: { name: '', address: to }, subject, text });
    },
    close: () => transport.close(),
  };
}
