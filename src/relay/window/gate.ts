/** Whether anything may be written. It reports each change. */
export class Gate {
  isShut = false;
  private isClosed = false;

  /** @param changed is called when nothing more may be written, and when writing may continue */
  constructor(private readonly changed: (isShut: boolean) => void) {}

  shut(): void {
    if (!this.isClosed) this.become(true);
  }

  open(): void {
    this.become(false);
  }

  /** From now on it is not shut any more: nothing more will be written. */
  close(): void {
    this.isClosed = true;
  }

  private become(isShut: boolean): void {
    if (this.isShut === isShut) return;
    this.isShut = isShut;
    this.changed(isShut);
  }
}
