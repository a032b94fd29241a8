// The picture with its quads; it can be zoomed, moved and rotated.

const SVG = "http://www.w3.org/2000/svg";

function shape(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Returns the colour class of a field: its outcome if there is a truth, else its confidence. */
function toneOf(field) {
  if (field.outcome) return field.outcome;
  if (field.outcome === "") return "unknown";
  if (field.confidence == null) return "unknown";
  return field.confidence >= 0.95 ? "high" : field.confidence >= 0.8 ? "middle" : "low";
}

class Stage {
  /**
   * @param {{hover: (name: ?string) => void, pick: (name: string) => void,
   *          sharpen?: (edge: number) => void}} on
   */
  constructor(on) {
    this.on = on;
    this.labels = false;
    this.world = shape("g");
    this.image = shape("image", { preserveAspectRatio: "none", x: 0, y: 0 });
    this.quads = shape("g");
    this.world.append(this.image, this.quads);
    this.svg = shape("svg");
    this.svg.append(this.world);
    this.tags = make("div", { class: "tags" });
    this.message = make("div", { class: "message", hidden: true });
    this.element = make("div", { class: "stage" }, this.svg, this.tags, this.message);
    this.handles = new Handles(this);
    this.angle = 0;
    this.fields = [];
    this.shapes = new Map();
    this.width = this.height = 0;
    [this.fitted, this.panX, this.panY, this.scale] = ["whole", 0, 0, 1];
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.element);
    this.listen();
  }

  listen() {
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => {
      if (event.button || this.handles.down(event)) return;
      from = { x: event.clientX, y: event.clientY };
      this.svg.setPointerCapture(event.pointerId);
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (this.handles.move(event) || !from) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (Math.hypot(dx, dy) < 4 && !from.moved) return;
      from = { x: event.clientX, y: event.clientY, moved: true };
      this.pan(dx, dy);
    });
    this.svg.addEventListener("pointerup", (event) => {
      if (this.handles.up(event)) return;
      const moved = from?.moved;
      from = null;
      if (moved) return;
      const hit = document.elementsFromPoint?.(event.clientX, event.clientY) ?? [];
      const roots = this.svg.getRootNode().elementsFromPoint?.(event.clientX, event.clientY) ?? hit;
      const quad = roots.find((element) => element.dataset?.field && this.svg.contains(element));
      if (quad) this.on.pick(quad.dataset.field);
    });
    this.svg.addEventListener("pointercancel", () => {
      from = null;
      this.handles.stop();
    });
    this.svg.addEventListener("dblclick", () => (this.fitted ? this.zoom(2.5) : this.fit()));
    this.svg.addEventListener(
      "wheel",
      (event) => {
        // Without Ctrl, the wheel scrolls the notebook as usual.
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event);
      },
      { passive: false },
    );
  }

  /** Shows a picture and its fields; the quads are in pixels of `size`. */
  show({ key, url, size, quads, fields, corners = null, turn = 0, message = "" }) {
    const other = this.key !== key;
    this.key = key;
    if (other) this.angle = turn;
    [this.width, this.height] = size;
    this.corners = corners;
    if (url) this.image.setAttribute("href", url);
    else this.image.removeAttribute("href");
    this.image.setAttribute("width", this.width);
    this.image.setAttribute("height", this.height);
    this.say(message);
    this.fields = fields.filter((field) => quads[field.name]);
    this.shapes.clear();
    this.quads.replaceChildren();
    this.tags.replaceChildren();
    for (const field of this.fields) {
      const points = quads[field.name];
      const polygon = shape("polygon", { points: points.join(" "), class: `tone-${toneOf(field)}` });
      polygon.dataset.field = field.name;
      polygon.addEventListener("pointerenter", () => this.on.hover(field.name));
      polygon.addEventListener("pointerleave", () => this.on.hover(null));
      const tag = make("div", { class: `tag tone-${toneOf(field)}` }, field.value ?? "–");
      this.quads.append(polygon);
      this.tags.append(tag);
      this.shapes.set(field.name, { polygon, tag, points });
    }
    if (other) this.fitted = corners ? "paper" : "whole";
    this.place();
  }

  say(...words) {
    this.message.replaceChildren(...words.filter(Boolean));
    this.message.hidden = !words.some(Boolean);
  }

  /** Shows a message instead of a picture. */
  clear(...words) {
    this.key = null;
    this.fields = [];
    this.shapes.clear();
    this.image.removeAttribute("href");
    this.quads.replaceChildren();
    this.tags.replaceChildren();
    this.handles.stop();
    this.say(...words);
  }

  replaceImage(url) {
    this.image.setAttribute("href", url);
  }

  /** Highlights the field under the pointer and the selected field. */
  mark(hovered, picked) {
    for (const [name, { polygon, tag }] of this.shapes) {
      for (const element of [polygon, tag]) {
        element.classList.toggle("near", name === hovered);
        element.classList.toggle("picked", name === picked);
      }
    }
    this.handles.at(picked);
  }

  /** Switches between the paper, if its corners are known, and the whole photo. */
  fit() {
    this.fitted = this.fitted === "paper" || !this.corners ? "whole" : "paper";
    this.place();
  }

  fitScale() {
    [this.panX, this.panY] = [0, 0];
    this.scale = this.whole;
    if (this.fitted !== "paper") return;
    const box = this.bounds(this.corners);
    const { clientWidth, clientHeight } = this.element;
    const room = 0.94 * Math.min(clientWidth / (box.right - box.left), clientHeight / (box.bottom - box.top));
    this.scale *= Math.max(room, 1);
    this.centre(this.corners);
  }

  /** Moves the picture so that these points are in the centre. */
  centre(points) {
    [this.panX, this.panY] = [0, 0];
    const box = this.bounds(points);
    this.panX = this.element.clientWidth / 2 - (box.left + box.right) / 2;
    this.panY = this.element.clientHeight / 2 - (box.top + box.bottom) / 2;
  }

  turn(degrees) {
    this.angle = (this.angle + degrees + 360) % 360;
    this.fitted ||= "whole";
    this.place();
  }

  resized() {
    if (this.element.isConnected) this.place();
  }

  get whole() {
    const [w, h] = this.angle % 180 ? [this.height, this.width] : [this.width, this.height];
    const { clientWidth: width, clientHeight: height } = this.element;
    return w && width ? Math.min((width - 16) / w, (height - 16) / h) : 1;
  }

  /** Zooms around a point, or around the centre. */
  zoom(factor, at) {
    const before = this.scale;
    this.scale = Math.min(Math.max(before * factor, this.whole * 0.5), Math.max(8, this.whole * 12));
    const box = this.element.getBoundingClientRect();
    const x = at ? at.clientX - box.left - box.width / 2 : 0;
    const y = at ? at.clientY - box.top - box.height / 2 : 0;
    const share = this.scale / before;
    this.panX = x + (this.panX - x) * share;
    this.panY = y + (this.panY - y) * share;
    this.fitted = false;
    this.place();
  }

  pan(dx, dy) {
    this.fitted = false;
    [this.panX, this.panY] = [this.panX + dx, this.panY + dy];
    this.place();
  }

  /** Zooms to a field and its surroundings. */
  zoomTo(name) {
    const found = this.shapes.get(name);
    if (!found) return;
    const wide = Math.hypot(found.points[2] - found.points[0], found.points[3] - found.points[1]);
    const tall = Math.hypot(found.points[6] - found.points[0], found.points[7] - found.points[1]);
    const { clientWidth, clientHeight } = this.element;
    this.scale = Math.min((clientWidth * 0.7) / wide, (clientHeight * 0.3) / tall, this.whole * 12);
    this.fitted = false;
    this.centre(found.points);
    this.place();
  }

  /** Cosine and sine of the rotation. */
  get rotation() {
    return [[1, 0], [0, 1], [-1, 0], [0, -1]][this.angle / 90];
  }

  bounds(points) {
    const [cos, sin] = this.rotation;
    const xs = [];
    const ys = [];
    for (let at = 0; at < 8; at += 2) {
      const x = (points[at] - this.width / 2) * this.scale;
      const y = (points[at + 1] - this.height / 2) * this.scale;
      xs.push(this.element.clientWidth / 2 + this.panX + x * cos - y * sin);
      ys.push(this.element.clientHeight / 2 + this.panY + x * sin + y * cos);
    }
    return {
      left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys),
    };
  }

  place() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !this.width) return;
    if (this.fitted) this.fitScale();
    this.world.setAttribute(
      "transform",
      `translate(${clientWidth / 2 + this.panX} ${clientHeight / 2 + this.panY}) ` +
        `rotate(${this.angle}) scale(${this.scale}) translate(${-this.width / 2} ${-this.height / 2})`,
    );
    this.placeTags();
    this.handles.place();
    const edge = Math.max(this.width, this.height) * this.scale * (window.devicePixelRatio || 1);
    this.on.sharpen?.(Math.min(edge, Math.max(this.width, this.height)));
  }

  /** Places each value beside its quad, so that it covers neither a quad nor another value. */
  placeTags() {
    const { clientWidth, clientHeight } = this.element;
    const all = [...this.shapes.values()].map((found) => ({ ...found, box: this.bounds(found.points) }));
    const taken = all.map(({ box }) => box);
    for (const { tag } of all) tag.classList.remove("crowded");
    const sizes = this.labels ? all.map(({ tag }) => [tag.offsetWidth, tag.offsetHeight]) : [];
    all.forEach(({ tag, box }, at) => {
      const [wide, tall] = this.labels ? sizes[at] : [tag.offsetWidth, tag.offsetHeight];
      const clear = (x, y) =>
        x >= 0 && y >= 0 && x + wide <= clientWidth && y + tall <= clientHeight &&
        taken.every((other) =>
          x >= other.right || x + wide <= other.left || y >= other.bottom || y + tall <= other.top);
      const places = [
        [box.left, box.top - tall - 1], [box.right + 3, (box.top + box.bottom - tall) / 2],
        [box.left, box.bottom + 1], [box.left - wide - 3, (box.top + box.bottom - tall) / 2],
      ];
      const free = this.labels ? places.find(([x, y]) => clear(x, y)) : null;
      const x = Math.max(2, Math.min(places[0][0], clientWidth - wide - 2));
      const [left, top] = free ?? [x, places[0][1] < 2 ? places[2][1] : places[0][1]];
      tag.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
      // Without enough room, the value is shown only while the pointer is over its quad.
      tag.classList.toggle("crowded", !free);
      if (free) taken.push({ left, top, right: left + wide, bottom: top + tall });
    });
  }

  showLabels(on) {
    this.labels = on;
    this.placeTags();
  }

  close() {
    this.observer.disconnect();
  }
}
