"""The installed Python package, held against the program that lies in it. tests/python/package.sh runs this."""

import math
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import PIL.Image
import torch

import tessera
from tessera.documents import to_tensor
from tessera.training import PROGRAM

SOURCE = pathlib.Path(__file__).parents[2]
TINY = re.search(r'kTinyRecipe\[\] = R"\((.*?)\)"', (SOURCE / "tests/cli/process.h").read_text(), re.DOTALL)[1]
RECIPE = TINY.replace("steps = 2\n", 'steps = 3\nlog_every = 1\nprecision = "f32"\n', 1)

PROMPT = "a large red circle"


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "recipe.toml").write_text(RECIPE)
        cls.reports = []
        cls.run_folder = cls.folder / "run"
        cls.trained = tessera.train(cls.folder / "recipe.toml", cls.run_folder, on_report=cls.reports.append,
                                    seed=7, model={"head": {"depth": 2}}, **{"train.batch": 3})

    def program(self, *words):
        return subprocess.run([PROGRAM, *map(str, words)], cwd=self.folder, capture_output=True, text=True)

    def fresh(self):
        return tessera.Run.load(self.run_folder)

    def test_training_is_that_of_the_command_line(self):
        done = self.program("train", "recipe.toml", "--out", "same", "seed=7", "model.head.depth=2", "train.batch=3")
        self.assertEqual(done.returncode, 0, done.stderr)
        weights = "checkpoints/step-000003/model.safetensors"
        self.assertEqual((self.run_folder / weights).read_bytes(), (self.folder / "same" / weights).read_bytes())
        self.assertEqual([report["step"] for report in self.reports], [1, 2, 3])
        self.assertEqual(self.trained.config["model"]["head"]["depth"], 2)

    def test_a_picture_is_that_of_the_command_line(self):
        done = self.program("generate", "run", PROMPT, "--seed", 5, "--count", 2, "--out", "drawn", "--set", "guidance=2")
        self.assertEqual(done.returncode, 0, done.stderr)
        documents = self.trained.generate_many([PROMPT] * 2, seed=5, guidance=2)
        for i, document in enumerate(documents):
            self.assertEqual(document.texts, [PROMPT])
            drawn = PIL.Image.open(self.folder / f"drawn/images/00000{i}_1.png")
            self.assertEqual(document.pictures[0].tobytes(), drawn.tobytes())
        self.assertNotEqual(documents[0].pictures[0].tobytes(), documents[1].pictures[0].tobytes())

    def test_a_text_is_that_of_the_command_line(self):
        picture = self.trained.generate(PROMPT).pictures[0]
        picture.save(self.folder / "picture.png")
        done = self.program("generate", "run", "picture.png", "--seed", 3, "--out", "read", "--quiet")
        for prompt in (picture, to_tensor(picture), self.folder / "picture.png"):
            self.assertEqual(self.trained.generate(prompt, seed=3).texts[0] + "\n", done.stdout)

    def test_events_come_one_by_one_and_make_the_document(self):
        events = list(self.trained.stream([PROMPT, [PROMPT]], seed=5))
        for i in range(2):
            mine = [event for event in events if event.document == i]
            *patches, picture, end = mine
            self.assertEqual([(patch.row, patch.column) for patch in patches], [(0, 0), (0, 1), (1, 0), (1, 1)])
            rows = [torch.cat([patch.pixels for patch in patches[row:row + 2]], 1) for row in (0, 2)]
            self.assertTrue(torch.equal(torch.cat(rows), to_tensor(picture.picture)))
            self.assertEqual(end.whole[1].tobytes(), picture.picture.tobytes())
        self.assertLess(events.index(next(e for e in events if isinstance(e, tessera.Picture))), len(events) - 1)
        texts = list(self.trained.stream([picture.picture], seed=3))
        tokens = [event for event in texts if isinstance(event, tessera.Token)]
        self.assertEqual(tokens[-1].text, texts[-1].whole[-1])
        self.assertEqual(self.trained.decode([token.id for token in tokens]), tokens[-1].text)

    def test_parameters_are_the_run_s_own_tensors(self):
        run = self.fresh()
        table = run.parameters()["embed_tokens"]
        self.assertEqual(table.data_ptr(), run.parameters()["embed_tokens"].data_ptr())
        before, drawn = run.hidden_states([PROMPT]), run.generate(PROMPT)
        text = before.slots["kind"] == 0
        ids = before.slots["id"][text]
        self.assertEqual(ids.tolist(), run.encode(PROMPT))
        torch.testing.assert_close(before.layers["embedding"][text], table[ids], rtol=0, atol=0)
        noise = torch.Generator().manual_seed(1)
        for tensor in run.parameters().values():
            tensor.add_(torch.randn(tensor.shape, generator=noise))
        after = run.hidden_states([PROMPT])
        torch.testing.assert_close(after.layers["embedding"][text], table[ids], rtol=0, atol=0)
        self.assertFalse(torch.equal(before.layers["normed"], after.layers["normed"]))
        self.assertNotEqual(drawn.pictures[0].tobytes(), run.generate(PROMPT).pictures[0].tobytes())

    def test_hidden_states_are_views_of_what_the_run_wrote(self):
        states = self.trained.hidden_states([PROMPT, [PROMPT, PIL.Image.new("RGB", (16, 16), "red")]])
        self.assertEqual(list(states.layers), ["embedding", "layer 1", "normed"])
        document, position = states.slots["document"], states.slots["position"]
        self.assertEqual(position.data_ptr(), document.data_ptr() + document.element_size())
        self.assertEqual(document.unique().tolist(), [0, 1])
        self.assertEqual(int((states.slots["kind"] == 1).sum()), 4)
        document[0] = 9
        self.assertEqual(states.slots["document"].tolist()[0], 9)

    def test_the_score_of_a_text_follows_from_states_and_parameters(self):
        states = self.trained.hidden_states([PROMPT])
        ids = states.slots["id"]
        parameters = self.trained.parameters()
        matrix = parameters.get("lm_head", parameters["embed_tokens"])
        logits = states.layers["normed"] @ matrix.T
        nats = torch.nn.functional.cross_entropy(logits[:-1], ids[1:], reduction="sum")
        [score] = self.trained.score([PROMPT])
        self.assertEqual(score.tokens, len(ids) - 1)
        self.assertAlmostEqual(score.text_nats, float(nats), places=3)
        self.assertTrue(math.isnan(score.image_loss))

    def test_a_score_depends_on_its_document_alone(self):
        documents = [[PROMPT, PIL.Image.new("RGB", (16, 16), colour)] for colour in ("red", "blue")]
        red, blue = self.trained.score(documents, bits=True)
        self.assertEqual(self.trained.score(documents[1:], bits=True), [blue])
        self.assertNotEqual(red.image_loss, blue.image_loss)
        self.assertEqual((blue.patches, blue.bits_kind), (4, "bound"))
        self.assertGreater(blue.bits_per_subpixel, 0)

    def test_pictures_of_pil_are_read_as_their_files_are(self):
        half = PIL.Image.new("RGBA", (6, 4), (10, 200, 30, 100))
        for name, picture in {"alpha": half, "grey": half.convert("L"), "palette": half.convert("RGB").quantize(4)}.items():
            path = self.folder / f"{name}.png"
            picture.save(path)
            read = self.trained._native.read_picture(str(path))
            self.assertLessEqual(int((read.int() - to_tensor(PIL.Image.open(path)).int()).abs().max()), 1, name)

    def test_errors_are_sentences(self):
        for call, words in (
            (lambda: tessera.Run.load(self.folder / "nowhere"), "nowhere"),
            (lambda: tessera.Run.load(self.run_folder, "tpu"), "device is cpu or cuda, not 'tpu'"),
            (lambda: self.trained.generate(PROMPT, guidanc=2), "guidance"),
            (lambda: self.trained.generate(PROMPT, guidance="much"), "guidance"),
            (lambda: self.trained.generate(PROMPT, until="never"), "until is text, image or end, not 'never'"),
            (lambda: self.trained.generate("a " * 500), "train.row_length"),
            (lambda: self.trained.generate(torch.zeros(3, 4, 4)), "uint8 tensor [height, width, 3]"),
            (lambda: self.trained.generate(self.folder / "no.png"), "no.png"),
            (lambda: self.trained.score([[PROMPT, ""]]), "document 0, segment 1: the text is empty"),
            (lambda: self.trained.hidden_states([]), "there is no document"),
        ):
            with self.assertRaises(tessera.Error) as raised:
                call()
            self.assertIn(words, str(raised.exception))
            self.assertNotIn("\n", str(raised.exception))
        with self.assertRaisesRegex(ValueError, r"grid \(9, 9\)"):
            self.trained.generate(PROMPT, grid=(9, 9))
        with self.assertRaisesRegex(TypeError, "texts and pictures, not int"):
            self.trained.generate([3])

    def test_an_error_of_training_is_that_of_the_command_line(self):
        said = self.program("train", "recipe.toml", "--out", "bad", "train.stepz=3").stderr
        with self.assertRaises(tessera.Error) as raised:
            tessera.train(self.folder / "recipe.toml", self.folder / "bad", train={"stepz": 3})
        self.assertIn("train.steps", said)
        self.assertEqual(f"tessera: {raised.exception}\n".split("recipe.toml")[-1], said.split("recipe.toml")[-1])

    def test_an_interrupt_saves_what_resume_goes_on_from(self):
        class Enough(Exception):
            pass

        def stop(report):
            steps.append(report["step"])
            raise Enough

        steps, out = [], self.folder / "cut"
        for resume in (False, True):
            with self.assertRaises(Enough):
                tessera.train(self.folder / "recipe.toml", out, resume=resume, on_report=stop,
                              train={"steps": 100000, "checkpoint_every": 0})
            saved = max(int(path.name.removeprefix("step-")) for path in out.glob("checkpoints/step-*"))
            self.assertGreaterEqual(saved, steps[-1])
            steps.append(saved)
        self.assertEqual(steps[2], steps[1] + 1)
        self.assertEqual(tessera.Run.load(out).config["train"]["steps"], 100000)

    def test_another_torch_is_refused_at_import(self):
        copy = self.folder / "copy/tessera"
        shutil.copytree(pathlib.Path(tessera.__file__).parent, copy, ignore=shutil.ignore_patterns("bin", "*.so"))
        (copy / "built_for.py").write_text('TORCH_VERSION = "1.0"\n')
        done = subprocess.run([sys.executable, "-c", "import tessera"], cwd=copy.parent, capture_output=True, text=True)
        self.assertIn("ImportError: tessera was built against torch 1.0, and this is torch " + torch.__version__, done.stderr)

    def test_the_command_is_installed_too(self):
        command = pathlib.Path(sys.executable).parent / "tessera"
        said = subprocess.run([command, "--version"], capture_output=True, text=True).stdout
        self.assertTrue(said.startswith("tessera "), said)

    def test_a_document_shows_itself_in_a_notebook(self):
        shown = tessera.Document(["a < b", PIL.Image.new("RGB", (2, 2))])._repr_html_()
        self.assertTrue(shown.startswith('a &lt; b <img src="data:image/png;base64,'), shown)


if __name__ == "__main__":
    unittest.main()
