import { createHash } from 'node:crypto';
import { wiping } from './scrambles.js';

// MariaDB's client_ed25519: Ed25519 (RFC 8032) with one difference. Its secret is the password itself, of any length;
// the standard has a seed of 32 bytes. node:crypto takes only such seeds, so this file computes the curve itself. Every
// bit of a secret number costs the same two additions. BigInt gives no stronger promise of constant time.

/** The field's prime, and the order of the base point. */
const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Twice the constant d of the curve -x² + y² = 1 + d·x²·y². */
const TWO_D = mod(-2n * 121665n * inverse(121666n), P);

/** A point in extended coordinates: x = X/Z, y = Y/Z, x·y = T/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n;
const BASE_Y = mod(4n * inverse(5n), P);
const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: mod(BASE_X * BASE_Y, P) };
const NEUTRAL: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** The public key for a password: 32 bytes. MariaDB's PASSWORD() shows it in base64. */
export function ed25519PublicKey(password: Buffer): Buffer {
  const digest = sha512(password);
  return wiping([digest], () => encode(timesBase(secretScalar(digest))));
}

/** The answer of client_ed25519: the signature, 64 bytes, of the server's nonce. (RFC 8032, 5.1.6.) */
export function ed25519Signature(password: Buffer, nonce: Buffer): Buffer {
  const digest = sha512(password);
  return wiping([digest], () => {
    const secret = secretScalar(digest);
    const publicKey = encode(timesBase(secret));
    const once = fromBytes(sha512(digest.subarray(32), nonce)) % L;
    const commitment = encode(timesBase(once));
    const challenge = fromBytes(sha512(commitment, publicKey, nonce)) % L;
    return Buffer.concat([commitment, toBytes((once + challenge * secret) % L)]);
  });
}

/**
 * The first half of the digest. The three lowest bits and the highest bit are cleared, the second-highest bit is set.
 */
function secretScalar(digest: Buffer): bigint {
  const half = Buffer.from(digest.subarray(0, 32));
  half[0]! &= 0xf8;
  half[31] = (half[31]! & 0x7f) | 0x40;
  return wiping([half], () => fromBytes(half));
}

function timesBase(scalar: bigint): Point {
  let product = NEUTRAL;
  for (let bit = 255n; bit >= 0n; bit -= 1n) {
    const doubled = add(product, product);
    const increased = add(doubled, BASE);
    product = (scalar >> bit) & 1n ? increased : doubled;
  }
  return product;
}

/** Adds two points, equal ones too. (RFC 8032, 5.1.4.) */
function add(p: Point, q: Point): Point {
  const a = (p.y - p.x) * (q.y - q.x);
  const b = (p.y + p.x) * (q.y + q.x);
  const c = mod(p.t * q.t, P) * TWO_D;
  const d = 2n * p.z * q.z;
  const [e, f, g, h] = [mod(b - a, P), mod(d - c, P), mod(d + c, P), mod(b + a, P)];
  return { x: mod(e * f, P), y: mod(g * h, P), z: mod(f * g, P), t: mod(e * h, P) };
}

/** y in 32 bytes, little-endian, with the lowest bit of x as its highest. */
function encode(point: Point): Buffer {
  const perZ = inverse(point.z);
  const x = mod(point.x * perZ, P);
  return toBytes(mod(point.y * perZ, P) | ((x & 1n) << 255n));
}

/** The inverse by Fermat's little theorem: value to the power of P - 2. */
function inverse(value: bigint): bigint {
  let power = 1n;
  let square = mod(value, P);
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) power = mod(power * square, P);
    square = mod(square * square, P);
  }
  return power;
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function sha512(...parts: Buffer[]): Buffer {
  return parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest();
}

function fromBytes(littleEndian: Buffer): bigint {
  return BigInt(`0x${Buffer.from(littleEndian).reverse().toString('hex')}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}
