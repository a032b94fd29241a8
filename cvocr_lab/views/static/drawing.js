// Drawing and correcting boxes on the picture.

const REACH = 7; // distance in pixels at which a corner can be dragged

/** The corners of the field's box, which can be dragged, and the box that is being drawn. */
class Handles {
  constructor(stage) {
    this.stage = stage;
    this.group = shape("g", { class: "handles" });
    stage.world.append(this.group);
    this.name = this.held = null;
    this.drawing = false;
  }

  /** Sets the field whose box can be corrected; null for none. */
  at(name) {
    if (!this.stage.on.boxed) return;
    if (name !== this.name) this.stop();
    this.name = name;
    const found = this.stage.shapes.get(name);
    if (!this.held) this.points = found ? [...found.points] : null;
    this.place();
  }

  /** Lets the next drag draw a box for the field. */
  draw() {
    this.stop();
    this.drawing = true;
    this.stage.element.classList.add("drawing");
  }

  stop() {
    this.drawing = false;
    this.held = null;
    this.stage.element.classList.remove("drawing");
    this.points = this.stage.shapes.get(this.name)?.points.slice() ?? null;
    this.place();
  }

  place() {
    if (!this.stage.on.boxed || !this.points) {
      this.group.replaceChildren();
      return;
    }
    const size = REACH / this.stage.scale;
    this.group.replaceChildren(shape("polygon", { points: this.points.join(" "), class: "drawn" }),
      ...[0, 2, 4, 6].map((at) => shape("circle", { cx: this.points[at], cy: this.points[at + 1], r: size * 0.75 })));
  }

  /** Returns the position of the pointer in pixels of the picture. */
  where(event) {
    const { stage } = this;
    const box = stage.element.getBoundingClientRect();
    const x = event.clientX - box.left - stage.element.clientWidth / 2 - stage.panX;
    const y = event.clientY - box.top - stage.element.clientHeight / 2 - stage.panY;
    const [cos, sin] = stage.rotation;
    return [(x * cos + y * sin) / stage.scale + stage.width / 2, (y * cos - x * sin) / stage.scale + stage.height / 2];
  }

  down(event) {
    if (!this.stage.on.boxed || !this.name) return false;
    if (this.drawing) this.held = { from: [event.clientX, event.clientY] };
    else if (this.points) {
      const [x, y] = this.where(event);
      const near = [0, 2, 4, 6].find((at) =>
        Math.hypot(this.points[at] - x, this.points[at + 1] - y) * this.stage.scale <= REACH + 3);
      if (near == null) return false;
      this.held = { corner: near };
    } else return false;
    this.stage.svg.setPointerCapture(event.pointerId);
    return true;
  }

  move(event) {
    if (!this.held) return false;
    this.held.moved = true;
    if (this.held.corner != null) {
      const inside = (value, most) => Math.min(Math.max(value, 0), most);
      const [x, y] = this.where(event);
      this.points[this.held.corner] = inside(x, this.stage.width);
      this.points[this.held.corner + 1] = inside(y, this.stage.height);
    } else {
      // Clockwise from the top left of the text as displayed, whatever the rotation of the photo.
      const [[x1, y1], [x2, y2]] = [this.held.from, [event.clientX, event.clientY]];
      const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
      const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
      this.points = [[left, top], [right, top], [right, bottom], [left, bottom]].flatMap(
        ([clientX, clientY]) => this.where({ clientX, clientY }));
    }
    this.place();
    return true;
  }

  up() {
    if (!this.held) return false;
    const { moved } = this.held;
    const quad = this.points?.map((value) => Math.round(value * 10) / 10);
    const large = quad && Math.hypot(quad[4] - quad[0], quad[5] - quad[1]) * this.stage.scale > 6;
    this.held = null;
    this.drawing = false;
    this.stage.element.classList.remove("drawing");
    if (moved && large) this.stage.on.boxed(this.name, quad);
    else this.stop();
    return true;
  }
}

/** The buttons for a field's box. */
class PlaceLine {
  constructor(side) {
    this.side = side;
    this.drawn = button({ title: "Alt+B" }, () => this.draw(), "Draw");
    this.remove = button({}, () => side.boxed(side.field.name, null), "Remove");
    this.to = make("select", { title: "the box belongs to another field", "aria-label": "the box is another field's",
      onchange: () => this.give() });
    this.element = make("div", { class: "acts place" }, make("span", { class: "soft" }, "Box"), this.drawn, this.remove, this.to);
  }

  show(told, field) {
    if (this.prompting) this.side.board.say("");
    this.prompting = false;
    this.drawn.textContent = field.quad ? "Draw again" : "Draw";
    this.remove.disabled = this.to.disabled = !field.quad;
    this.to.replaceChildren(make("option", { value: "" }, "assign it to…"), ...told.fields
      .filter((one) => one.name !== field.name).map((one) => make("option", { value: one.name },
        one.caption ? `${one.caption} (${one.name})` : one.name)));
  }

  draw() {
    this.side.board.stage.handles.draw();
    this.prompting = true;
    this.side.board.say(`Drag over ${this.side.field.caption || this.side.field.name} on the picture.`);
  }

  give() {
    if (this.to.value) this.side.boxed(this.side.field.name, null, this.to.value);
  }
}
