// Thumbnails of the selected rows, requested when they are scrolled into view.

const THUMB = { wide: 196, tall: 186 };
const HIGHEST = 16e6; // maximum height of an element in browsers, in pixels
const THUMBS_KEPT = 800;

class Gallery {
  /** @param {Board} board */
  constructor(board) {
    this.board = board;
    this.told = new Map(); // position -> message of the kernel, with the URL of the picture
    this.cards = new Map();
    this.count = 0;
    this.sheet = make("div", { class: "thumbs" });
    this.element = make("div", { class: "gallery", hidden: true, onscroll: () => this.draw() }, this.sheet);
    this.observer = new ResizeObserver(() => this.lay());
    this.observer.observe(this.element);
  }

  /** Starts again with other rows. */
  reset(count) {
    for (const { url } of this.told.values()) URL.revokeObjectURL(url);
    this.told.clear();
    this.sheet.replaceChildren();
    this.cards.clear();
    this.count = count;
    this.lay();
  }

  get columns() {
    return Math.max(1, Math.floor((this.element.clientWidth - 8) / THUMB.wide));
  }

  get real() {
    return Math.ceil(this.count / this.columns) * THUMB.tall + 8;
  }

  /** The scroll position in rows' pixels, which may exceed the maximum height of an element. */
  get offset() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return (scrollTop / Math.max(scrollHeight - clientHeight, 1)) * Math.max(this.real - clientHeight, 0);
  }

  lay() {
    if (this.element.hidden || !this.element.clientWidth) return;
    this.sheet.style.height = `${Math.min(this.real, HIGHEST)}px`;
    this.draw();
  }

  draw() {
    const { scrollTop, clientHeight } = this.element;
    const { columns, offset } = this;
    const first = Math.max(0, Math.floor(offset / THUMB.tall) - 1) * columns;
    const last = Math.min(this.count, (Math.ceil((offset + clientHeight) / THUMB.tall) + 1) * columns);
    for (const [at, card] of this.cards) {
      if (at >= first && at < last) continue;
      card.remove();
      this.cards.delete(at);
    }
    for (let at = first; at < last; at += 1) {
      const card = this.cards.get(at) ?? this.card(at);
      const y = Math.floor(at / columns) * THUMB.tall - offset + scrollTop + 8;
      card.style.transform = `translate(${(at % columns) * THUMB.wide + 8}px, ${Math.round(y)}px)`;
      card.classList.toggle("at", at === this.board.at);
    }
    clearTimeout(this.later);
    this.later = setTimeout(() => this.want(), 40);
  }

  card(at) {
    const card = make("button", { type: "button", class: "thumb", "data-at": at, tabindex: "-1", onmousedown: stay,
      onclick: () => this.open(at) });
    this.cards.set(at, card);
    this.sheet.append(card);
    this.fill(at);
    return card;
  }

  fill(at) {
    const told = this.told.get(at);
    const card = this.cards.get(at);
    if (!card) return;
    if (!told) {
      card.replaceChildren(make("span", { class: "shot" }));
      return;
    }
    const tone = told.failed || told.wrong ? "low" : told.wrong === 0 ? "correct"
      : toneOf({ confidence: told.confidence });
    const marks = [
      told.wrong ? `${told.wrong} wrong` : told.wrong === 0 ? "all correct" : percent(told.confidence),
      told.warnings ? `${told.warnings} ⚠` : "", ...told.tags,
    ].filter(Boolean);
    card.className = `thumb tone-${tone}${at === this.board.at ? " at" : ""}`;
    card.title = [told.label && `row ${told.label}`, told.title].filter(Boolean).join(" · ");
    card.replaceChildren(
      make("span", { class: "shot" }, told.url ? cropImage(told.url) : told.trouble),
      make("span", { class: "name" }, told.failed ? "Not read" : told.title || "No type"),
      make("span", { class: "marks" }, told.label ? make("i", {}, told.label) : null,
        ...marks.map((mark) => make("span", {}, mark))));
  }

  want() {
    const missing = [...this.cards.keys()].filter((at) => !this.told.has(at)).sort((a, b) => a - b);
    if (missing.length && !this.element.hidden) this.board.ask("thumbs", { at: missing, choice: this.board.choice });
  }

  arrived(said, buffers) {
    this.told.set(said.at, { ...said, url: buffers.length ? addressOf(buffers[0]) : "" });
    this.fill(said.at);
    for (const [at, { url }] of this.told) {
      if (this.told.size <= THUMBS_KEPT) break;
      if (this.cards.has(at)) continue;
      URL.revokeObjectURL(url);
      this.told.delete(at);
    }
  }

  show(on) {
    this.element.hidden = !on;
    if (!on) return;
    this.lay();
    this.reveal(this.board.at);
  }

  reveal(at) {
    const { clientHeight, scrollHeight } = this.element;
    const top = Math.floor(at / this.columns) * THUMB.tall;
    const { offset } = this;
    let wanted = offset;
    if (top < offset) wanted = top;
    else if (top + THUMB.tall > offset + clientHeight) wanted = top + THUMB.tall - clientHeight + 8;
    this.element.scrollTop = (wanted / Math.max(this.real - clientHeight, 1)) * (scrollHeight - clientHeight);
    this.draw();
  }

  open(at) {
    this.board.showGallery(false);
    this.board.go(at);
  }

  /** Handles the keys of the gallery; the board handles all others. */
  key(key) {
    const rows = Math.max(1, Math.floor(this.element.clientHeight / THUMB.tall));
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
      PageUp: -rows * this.columns, PageDown: rows * this.columns, Home: -Infinity, End: Infinity };
    if (steps[key]) {
      this.board.expect(Math.min(Math.max(this.board.at + steps[key], 0), this.count - 1));
      this.reveal(this.board.at);
    } else if (key === "Enter") this.open(this.board.at);
    else return false;
    return true;
  }

  close() {
    this.observer.disconnect();
    this.reset(0);
  }
}
