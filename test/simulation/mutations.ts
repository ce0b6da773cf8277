// Faults to put into Sluice, one at a time, to see whether the simulation finds them. Each is a mistake that a
// programmer could make, and leaves most of Sluice working.

/** A fault: a text in one file of the sources, and the text that replaces it. */
export interface Mutation {
  readonly name: string;
  /** What goes wrong. */
  readonly about: string;
  /** The file, below `src`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

/**
 * The file's text with the fault in it.
 * @throws if the fault's place is not there, or there more than once: the sources have changed, and the table has to
 */
export const mutated = ({ name, file, from, to }: Mutation, source: string): string => {
  const places = source.split(from).length - 1;
  if (places !== 1) throw new Error(`the mutation "${name}": its place is in src/${file} ${places} times, not once`);
  return source.replace(from, () => to);
};

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'limit off by one',
    about: 'rows are skimmed up to one more than the limit',
    file: 'conversation/rowSkim.ts',
    from: 'Math.min(usage.maxRows - usage.rows, MAX_CHUNK_BYTES)',
    to: 'Math.min(usage.maxRows - usage.rows + 1, MAX_CHUNK_BYTES)',
  },
  {
    name: 'sequence id of a held result',
    about: 'the error for rows that were held back has the number of the row at the limit, not of the first one',
    file: 'relay/session/enforcer.ts',
    from: 'const sequenceId = this.held?.sequenceId ?? conversation.server.sequenceId;',
    to: 'const sequenceId = conversation.server.sequenceId;',
  },
  {
    name: 'budget not released',
    about: 'a response whose end is never seen stays in the budget',
    file: 'relay/session/enforcer.ts',
    from: 'const { cutting } = this;\n    this.shared.budget.release(usage);\n',
    to: 'const { cutting } = this;\n',
  },
  {
    name: 'drain without its bound',
    about: 'the rest of a cut response is discarded beyond drain.bytes',
    file: 'relay/session/drain.ts',
    from: "if (this.bytes > this.bounds.bytes) this.end.passedBounds('bytes');\n    else if (",
    to: 'if (',
  },
  {
    name: 'kill with commands sent ahead',
    about: 'a cut kills its statement although the server has the next commands, and may run one of them by then',
    file: 'relay/session/enforcer.ts',
    from: "judgement.reason !== 'kill' && isAlone &&",
    to: "judgement.reason !== 'kill' &&",
  },
  {
    name: 'kill after its withdrawal',
    about: 'an order to kill goes out although it was withdrawn while the process list was read',
    file: 'control/killLane.ts',
    from: "if (kill.isSettled || this.connection === null) return 'withdrawn';",
    to: "if (this.connection === null) return 'withdrawn';",
  },
  {
    name: 'records lost',
    about: 'records that wait for the kernel when both connections close are lost',
    file: 'relay/session/recorder.ts',
    from: '    }\n    this.writeDue(null);\n  }',
    to: '    }\n  }',
  },
  {
    name: 'metric counted twice',
    about: 'a drain that is given up counts twice',
    file: 'relay/session/cutting.ts',
    from: 'this.observer.givenUp(why);',
    to: 'this.observer.givenUp(why);\n    this.observer.givenUp(why);',
  },
  {
    name: 'timer not cleared',
    about: 'the patience with a waiting command goes on after the cut response is over',
    file: 'relay/session/cutting.ts',
    from: 'world.cancel(this.waitingTimer);',
    to: '',
  },
  {
    name: 'socket not closed',
    about: 'the control connection that does not see its victim is forgotten, and stays open',
    file: 'control/killLane.ts',
    from: "if (sighting === 'absent') this.renew();",
    to: "if (sighting === 'absent') this.connection = null;",
  },
  {
    name: 'half-close swallowed',
    about: 'a FIN is not relayed to the other end',
    file: 'relay/flow/flow.ts',
    from: '// a source may close in the middle of a packet: the front of that packet is relayed\n    this.sink.end();',
    to: '// a source may close in the middle of a packet: the front of that packet is relayed',
  },
  {
    name: 'chunks swapped',
    about: 'rows that were held back go out with the last chunk first',
    file: 'relay/flow/outlet.ts',
    from: 'for (const bytes of kept) this.sink.write(bytes);',
    to: 'for (const bytes of kept.reverse()) this.sink.write(bytes);',
  },
  {
    name: 'rows beyond the limit',
    about: 'the results after rows that a change returns have no limit',
    file: 'policy/governedUsage.ts',
    from: 'if (this.isPassing) this.applyLimits();',
    to: '',
  },
  {
    name: 'error sent twice',
    about: "a cut result gets the server's own error, too",
    file: 'relay/session/cutting.ts',
    from: "if (error !== null && judgement?.action !== 'cut') session.responses.inject(",
    to: 'if (error !== null) session.responses.inject(',
  },
  {
    name: 'numbers of frames',
    about: 'frames that are dropped do not count, so the next ones have numbers that the peer does not expect',
    file: 'protocol/frameNumbers.ts',
    from: 'drop(from: Peer, number: number): void {\n    this.last[from] = number;',
    to: 'drop(_from: Peer, _number: number): void {',
  },
  {
    name: 'reload seen late',
    about: 'the first response of a session after a reload has the limits of before',
    file: 'policy/clientProfile.ts',
    from: 'return this.shared.guard.govern(command,',
    to: 'return (this.profiledBy ?? this.shared.guard).govern(command,',
  },
  {
    name: 'lease never returned',
    about: 'a worker frees a part of its budget and does not tell the primary',
    file: 'workers/leases.ts',
    from: 'this.line.giveBack(amount);',
    to: '',
  },
  {
    name: 'refusal overtakes',
    about: 'a refused command is answered before the commands that were sent ahead of it',
    file: 'conversation/commandGate.ts',
    from: "conversation.phase !== 'commands' || conversation.commands.length > 0 || !judge!.mayAnswer",
    to: "conversation.phase !== 'commands' || !judge!.mayAnswer",
  },
  {
    name: 'promise broken',
    about: 'a client that leaves ends a statement that was promised to run to its end',
    file: 'relay/session/departure.ts',
    from: 'if (this.session.runsOn) {\n      this.part(true, null);',
    to: 'if (this.session.runsOn && this.session.hasParted) {\n      this.part(true, null);',
  },
  {
    name: 'no back-pressure',
    about: 'the server is read although the client does not read',
    file: 'relay/flow/flow.ts',
    from: 'else if (this.room.isNeeded) this.source.pause();',
    to: '',
  },
];
