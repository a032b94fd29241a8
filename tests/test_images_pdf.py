import threading

import pytest
from malformed import MARK, PAGES, encode, good_pdf, many_pages, pdf, picture, smooth, stream

from cvocr_lab import images
from cvocr_lab.errors import ImageError
from cvocr_lab.images import Limits

NOISE = picture()


def test_pdf_pages_at_the_usual_resolution() -> None:
    found = images.load(many_pages(3))
    widths = [page.shape[1] for page in found.pages]
    assert widths == [-(-width * 200 // 72) for width in (100, 110, 120)]
    assert found.pixels.shape == (278, 278, 3)
    assert tuple(found.pixels[150, 150]) == (255, 0, 0)
    assert tuple(found.pixels[5, 5]) == (255, 255, 255)
    third = images.load(many_pages(3), pages=[3])
    assert [p.shape[1] for p in third.pages] == widths[2:]
    assert third.numbers == (3,)
    with pytest.raises(ImageError, match=r"no page 4: it has 3 pages"):
        images.load(many_pages(3), pages=[4])


def test_a_scan_in_a_pdf_keeps_its_own_resolution() -> None:
    for dpi, width in ((100, 556), (300, 834), (1200, 1112)):
        page = smooth(size=(200 * dpi // 72, 100 * dpi // 72))
        found = images.load(encode(page, "PDF", resolution=dpi))
        assert found.pixels.shape[1] == pytest.approx(width, abs=6)


def test_a_turned_pdf_page_comes_out_turned() -> None:
    page = b"<</Type/Page/Parent 2 0 R/Rotate 90/MediaBox[0 0 200 100]/Contents 4 0 R>>"
    data = pdf(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, page, MARK)
    assert images.load(data).pixels.shape == (556, 278, 3)


def test_a_large_pdf_page_is_drawn_smaller() -> None:
    assert images.load(good_pdf(7000, 7000)).pixels.shape == (5000, 5000, 3)
    with pytest.raises(ImageError, match=r"Limits\.max_pixels"):
        images.load(good_pdf(), limits=Limits(max_pixels=100_000))


def endless_pdf() -> bytes:
    """Ten forms, each drawing the next ten times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<</XObject<</F %d 0 R>>>>"
    forms = [stream(b"/F Do " * 10, form % (6 + at)) for at in range(12)]
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R"
        b"/Resources<</XObject<</F 5 0 R>>>>>>"
    )
    start = stream(b"/F Do " * 10)
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", PAGES, page, start, *forms)


def test_what_is_filled_into_a_pdf_form_is_drawn() -> None:
    catalog = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>"
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<<>>"
        b"/Annots[5 0 R]>>"
    )
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/F 4/T(a)/V(b)/P 3 0 R/Rect[50 50 90 90]"
        b"/AP<</N 6 0 R>>>>"
    )
    look = stream(b"0 0 1 rg 0 0 40 40 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 40 40]")
    pixels = images.load(pdf(catalog, PAGES, page, stream(b""), field, look)).pixels
    assert tuple(pixels[80, 190]) != (255, 255, 255)
    assert tuple(pixels[200, 190]) == (255, 255, 255)


def test_an_endless_pdf_ends() -> None:
    with pytest.raises(ImageError, match=r"more than 0.5 s to render"):
        images.load(endless_pdf(), limits=Limits(pdf_s=0.5))


def test_many_threads_read_at_once() -> None:
    wanted = {100 + 10 * at: images.load(many_pages(at + 1)).sha256 for at in range(4)}
    found: dict[int, str] = {}

    def read(at: int) -> None:
        image = images.load(many_pages(at + 1))
        found[100 + 10 * at] = image.sha256
        images.load(encode(NOISE, "TIFF"))

    threads = [threading.Thread(target=read, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted
