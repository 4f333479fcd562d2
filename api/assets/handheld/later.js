// What a village agent labelled and counted without network, still to be registered at a desk. A note for people: the scan
// itself is in the queue like any other.

export class Later {
  constructor(app, notes = []) {
    this.app = app;
    this.notes = notes;
  }

  /** A label nobody has registered, read at a station: count the pieces now. */
  may(thing) {
    const site = this.app.known.site(this.app.device?.site ?? this.app.stop.site);
    return thing?.thing === "dossier" && !thing.number && site?.kind === "station";
  }

  ask(thing) {
    return this.app.open("pieces", thing);
  }

  note(note) {
    this.notes = [...this.notes.filter((it) => it.code !== note.code), { ...note, at: this.app.clock.now() }];
    this.app.keep("later", this.notes);
  }

  done(note) {
    this.notes = this.notes.filter((it) => it.code !== note.code);
    this.app.keep("later", this.notes);
  }
}
