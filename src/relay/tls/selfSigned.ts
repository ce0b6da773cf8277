import { generateKeyPairSync, sign } from 'node:crypto';
import { hostname } from 'node:os';
import { world } from '../../world/world.js';

/** A certificate that Sluice has made for itself, and its key; both in PEM form. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
}

// Making a self-signed certificate: an X.509 certificate of version 3 (RFC 5280, 4.1) in DER (ITU-T X.690). Node can
// make keys and signatures, but no certificates.

const SUBJECT = 'Sluice self-signed certificate';
const VALID_YEARS = 10;
/** The certificate is valid from this long before now, because clocks of clients may be slow. */
const VALID_BEFORE_MS = 24 * 60 * 60 * 1000;
const SERIAL_BYTES = 16;
/** From this year on, times have a year of four digits. (RFC 5280, 4.1.2.5.) */
const FIRST_GENERALIZED_YEAR = 2050;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i;

/** The DER tags that are used here. */
const Tag = {
  BOOLEAN: 0x01, INTEGER: 0x02, BIT_STRING: 0x03, OCTET_STRING: 0x04, OID: 0x06, UTF8_STRING: 0x0c, UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18, SEQUENCE: 0x30, SET: 0x31, VERSION: 0xa0, EXTENSIONS: 0xa3, DNS_NAME: 0x82, IP_ADDRESS: 0x87,
} as const;

const Oid = {
  ECDSA_WITH_SHA256: '2a8648ce3d040302', // 1.2.840.10045.4.3.2
  COMMON_NAME: '550403', // 2.5.4.3
  KEY_USAGE: '551d0f', // 2.5.29.15
  SUBJECT_ALT_NAME: '551d11', // 2.5.29.17
  BASIC_CONSTRAINTS: '551d13', // 2.5.29.19
  EXTENDED_KEY_USAGE: '551d25', // 2.5.29.37
  SERVER_AUTH: '2b06010505070301', // 1.3.6.1.5.5.7.3.1
} as const;

/**
 * Makes a key on the curve P-256 and a certificate for it, for this host, valid for ten years.
 * @param now the time of making
 * @param host this host's name; it is added to the certificate beside localhost if it is a valid DNS name
 */
export function makeSelfSigned(now: Date = new Date(world.dateMs()), host = hostname()): OwnCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = tbsCertificate(publicKey.export({ type: 'spki', format: 'der' }), now, host);
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, algorithm(), bitString(signature));
  return {
    cert: pem(certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** The part of the certificate that is signed. (RFC 5280, 4.1.) */
function tbsCertificate(publicKeyInfo: Buffer, now: Date, host: string): Buffer {
  const from = new Date(now.getTime() - VALID_BEFORE_MS);
  const to = new Date(now);
  to.setUTCFullYear(to.getUTCFullYear() + VALID_YEARS);
  const name = sequence(der(Tag.SET, sequence(oid(Oid.COMMON_NAME), der(Tag.UTF8_STRING, Buffer.from(SUBJECT)))));
  const version3 = der(Tag.VERSION, integer(Buffer.from([2])));
  return sequence(
    version3, integer(world.randomBytes(SERIAL_BYTES)), algorithm(), name, sequence(time(from), time(to)), name,
    publicKeyInfo,
    der(Tag.EXTENSIONS, sequence(...extensions(host))),
  );
}

function extensions(host: string): Buffer[] {
  const names = ['localhost', ...(HOST_NAME.test(host) && host !== 'localhost' ? [host] : [])];
  const addresses = [Buffer.from([127, 0, 0, 1]), Buffer.concat([Buffer.alloc(15), Buffer.from([1])])];
  return [
    extension(Oid.BASIC_CONSTRAINTS, true, sequence()), // signs no other certificate
    // DigitalSignature is the first bit.
    extension(Oid.KEY_USAGE, true, der(Tag.BIT_STRING, Buffer.from([7, 0x80]))),
    extension(Oid.EXTENDED_KEY_USAGE, false, sequence(oid(Oid.SERVER_AUTH))),
    extension(Oid.SUBJECT_ALT_NAME, false, sequence(
      ...names.map((name) => der(Tag.DNS_NAME, Buffer.from(name))),
      ...addresses.map((address) => der(Tag.IP_ADDRESS, address)),
    )),
  ];
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  const critical = isCritical ? [der(Tag.BOOLEAN, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...critical, der(Tag.OCTET_STRING, value));
}

function algorithm(): Buffer {
  return sequence(oid(Oid.ECDSA_WITH_SHA256));
}

function time(at: Date): Buffer {
  const digits = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const isGeneralized = at.getUTCFullYear() >= FIRST_GENERALIZED_YEAR;
  return isGeneralized
    ? der(Tag.GENERALIZED_TIME, Buffer.from(digits))
    : der(Tag.UTC_TIME, Buffer.from(digits.slice(2)));
}

function oid(hex: string): Buffer {
  return der(Tag.OID, Buffer.from(hex, 'hex'));
}

/** The shortest form of a positive integer. */
function integer(bytes: Buffer): Buffer {
  const significant = bytes.subarray(bytes.findIndex((byte, i) => byte !== 0 || i === bytes.length - 1));
  return der(Tag.INTEGER, significant[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), significant]) : significant);
}

function bitString(bytes: Buffer): Buffer {
  return der(Tag.BIT_STRING, Buffer.alloc(1), bytes); // 0: the last byte has no unused bits
}

function sequence(...parts: Buffer[]): Buffer {
  return der(Tag.SEQUENCE, ...parts);
}

/** A DER value: tag, length, contents. (X.690, 8.1.) */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g)!;
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
