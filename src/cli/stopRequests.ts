/** What asks the program to end. */
export type StopRequest = 'SIGTERM' | 'SIGINT' | 'POST /drain' | 'POST /quit';

/** Gathers what asks the program to end, also before anybody listens to it. */
export class StopRequests {
  private readonly arrived: StopRequest[] = [];
  private listener: ((request: StopRequest) => void) | null = null;

  /** From here on, SIGTERM and SIGINT no longer end the process by themselves. */
  constructor() {
    process.on('SIGTERM', () => this.add('SIGTERM'));
    process.on('SIGINT', () => this.add('SIGINT'));
  }

  add(request: StopRequest): void {
    if (this.listener === null) this.arrived.push(request);
    else this.listener(request);
  }

  /** Hands on each request, in the order in which they come. */
  forEach(listener: (request: StopRequest) => void): void {
    this.listener = listener;
    for (const request of this.arrived.splice(0)) listener(request);
  }
}
