import type { ErrorNumber } from '../protocol/errorCodes.js';
import type { MessageTemplate } from './messageTemplate.js';

// The errors that the configuration describes.

/** The error of a cut. */
export interface CutError extends ErrorNumber {
  /** Null for Sluice's own text. */
  readonly message: MessageTemplate | null;
}

/** The error with which a rule refuses a statement. */
export interface RefusalSettings extends ErrorNumber {
  readonly message: MessageTemplate;
  /** Whether the rule also refuses what cannot be judged. */
  readonly unjudged: boolean;
}
