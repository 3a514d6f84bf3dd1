"""What each key of a shot list means, in a sentence: for editors and the reference page."""

from wanx_render.language import tr
from wanx_render.shotlist import transitions

# By the key; by part and key where a key means something else in another part of the list.
DESCRIPTIONS = {
    "version": tr("The version of the language: 1"),
    "project": tr("Names the render folder; letters and digits of any script, -, _ and ."),
    "backend": tr("Where tasks run: mock needs no key and no money"),
    "region": tr("The region of the service; each has its own address and its own key"),
    "budget": tr("The most that a run may spend"),
    "max_cost": tr("An amount with its currency, such as 20 CNY"),
    "defaults": tr("Any key of a shot, for all shots; a shot overrides it"),
    "vars": tr("Values by name; ${{name}} in any text of the list is replaced by one"),
    "matrix": tr("A table: one video for each row, each in its own folder"),
    "from": tr("The table: CSV with a header, a JSON list of objects, or JSON lines"),
    "rows": tr("The rows of the table, written here"),
    "shots": tr("The shots, in the order in which they are joined"),
    "deliverables": tr("The finished videos; an aspect alone, such as 3:4, means an exact crop"),
    "id": tr("The name of the shot, unique in the list"),
    "model": tr("A model; `wanx-render models` lists them"),
    "image": tr(
        "The first frame: a path, a URL, a data URI, {{shot: ID, frame: last}}, or "
        "{{model: MODEL, prompt: WORDS}}: a picture that a model makes first"
    ),
    "continue": tr(
        "The clip goes on where another one ends: {{shot: ID}}, or an own video; some models only"
    ),
    "Continued.shot": tr("The shot whose picked take is continued"),
    "Continued.clip": tr("The own video that is continued"),
    "Continued.seconds": tr("Seconds of its end that the model sees; by default the least"),
    "MadePicture.model": tr("A picture model; `wanx-render models` lists them"),
    "MadePicture.prompt": tr("What is to be seen in the picture"),
    "MadePicture.negative_prompt": tr("What must not be seen in the picture"),
    "MadePicture.aspect": tr("The aspect of the picture; by default what suits the deliverables"),
    "MadePicture.size": tr("Exact pixels of the picture, such as 720x1280"),
    "MadePicture.seed": tr("The seed of the first picture; the others are derived from it"),
    "MadePicture.takes": tr("How many pictures to make, to choose from"),
    "MadePicture.pick": tr("The picture that the clip begins with"),
    "clip": tr("Own footage instead of a first frame: any video; nothing is generated or paid"),
    "still": tr("An own picture that is held; nothing is generated or paid"),
    "move": tr("Enlarges a still slowly around its focus: in, out, or {{from: 1, to: 1.2}}"),
    "Zoom.from": tr("The enlargement at the beginning; 1 shows the whole picture"),
    "Zoom.to": tr("The enlargement at the end"),
    "last_image": tr("The picture the clip ends with; only some models accept one"),
    "fit_image": tr(
        "How first and last frames are prepared before they are sent: off, match (the aspect that "
        "suits the deliverables best), an aspect, or {{aspect, fit, focus, background}}"
    ),
    "FitImage.aspect": tr("match, or the aspect to send; without it, that of the picture"),
    "FitImage.focus": tr("What a crop keeps in view, as fractions of width and height"),
    "FitImage.background": tr("The colour of bars, and behind a transparent picture"),
    "references": tr(
        "Who or what is seen or heard: files, or files by name; {{amy}} in the prompt means amy"
    ),
    "ReferenceFile.image": tr("A picture of a person or thing"),
    "ReferenceFile.video": tr("A video of a person or thing"),
    "ReferenceFile.sound": tr("A voice or sound"),
    "Shot.aspect": tr(
        "The aspect of a clip without a first frame; by default what suits the deliverables best"
    ),
    "shot_type": tr("multi lets the model cut within the clip; only some models have it"),
    "prompt": tr("What happens in the shot"),
    "negative_prompt": tr("What must not be seen"),
    "template": tr("An effect template; the service then ignores the prompt"),
    "resolution": tr("A tier of the model: a number of pixels, not a frame size"),
    "Shot.duration": tr("Seconds; each model has its own choice, a still lasts as you like"),
    "Transition.duration": tr("The length of the transition in seconds"),
    "Shot.audio": tr("silent, auto, or a sound file"),
    "Deliverable.audio": tr("Music, voices and loudness"),
    "prompt_extend": tr("Let the service rewrite the prompt (its default)"),
    "watermark": tr("Let the service draw its label on the clip"),
    "seed": tr("The seed of the first take; the others are derived from it"),
    "takes": tr("How many takes to generate, each with its own seed"),
    "pick": tr("The take that goes into the deliverables; auto takes the first one without marks"),
    "trim": tr("The part of the clip that is used, in seconds"),
    "start": tr("Where the used part starts, in seconds"),
    "end": tr("Where the used part ends, in seconds"),
    "Shot.focus": tr(
        "What a crop keeps in view, as fractions of width and height; {{from, to}} moves"
    ),
    "Deliverable.focus": tr("Another focus for some shots, by the id of the shot"),
    "speed": tr("How many times as fast the clip is played; the pitch is kept"),
    "colours": tr("The colours of the clip, if its tags are missing or wrong"),
    "hdr": tr("What to do with an HDR clip: map it to SDR, or refuse it"),
    "alpha": tr("How a transparent clip stores its colours: straight, or multiplied by alpha"),
    "hold": tr("Seconds for which the last frame is held, in silence"),
    "transition": tr("The transition into the next shot"),
    "type": tr("The kind of transition"),
    "through": tr("What a {kinds} goes through", kinds=transitions.with_key("through")),
    "direction": tr("Where a {kinds} moves to", kinds=transitions.with_key("direction")),
    "LastFrame.shot": tr("The shot whose picked take gives the frame"),
    "Voice.shot": tr("The shot that the time counts from; without it, the whole film"),
    "frame": tr("Which frame: the last"),
    "Deliverable.name": tr("The name of the file without .mp4; by default the aspect"),
    "Matrix.name": tr("The name of the folder of a row, with columns, such as ${{sku}}"),
    "aspect": tr("The exact ratio of width to height, such as 9:16"),
    "Deliverable.size": tr(
        "Exact pixels, or the name of a platform; by default the largest that enlarges no clip"
    ),
    "CaptionStyle.size": tr(
        "The height of a character as a fraction of the shorter side of the frame"
    ),
    "fit": tr("crop cuts, pad adds bars, blur puts the picture on a blurred copy of itself"),
    "motion": tr(
        "How missing frames are made: repeat, blend (a mix of two), flow (along the movement; slow)"
    ),
    "Shot.background": tr("The colour behind a transparent still: a name or #RRGGBB"),
    "background": tr("The colour of the bars for pad: a name or #RRGGBB"),
    "fps": tr("Frames a second; by default the highest rate of the clips"),
    "music": tr("A sound file under the whole film; or {{file, gain, start, fade_in, fade_out}}"),
    "file": tr("The sound file"),
    "gain": tr("How much louder, in decibels; mute for silence"),
    "Music.fade_in": tr("Seconds over which the music fades in"),
    "Music.fade_out": tr("Seconds over which the music fades out at the end"),
    "Deliverable.fade_in": tr(
        "Seconds in which picture and sound fade in; or {{duration, through: black or white}}"
    ),
    "Deliverable.fade_out": tr(
        "Seconds in which picture and sound fade out; or {{duration, through: black or white}}"
    ),
    "Fade.duration": tr("The length of the fade in seconds"),
    "Fade.through": tr("The colour that the film fades from or to"),
    "Deliverable.look": tr("A .cube file (3D LUT) that changes the colours of the film"),
    "Shot.look": tr("A .cube file for this shot instead of that of the deliverable, or none"),
    "Deliverable.overlay": tr("Pictures over the film, such as a logo"),
    "Shot.overlay": tr("Pictures over the shot"),
    "Overlay.image": tr("The picture; PNG and WebP may be transparent"),
    "Overlay.at": tr("The corner or edge of the frame, or center"),
    "Overlay.width": tr("The width of the picture as a fraction of the width of the frame"),
    "Overlay.margin": tr(
        "The distance from the edge as a fraction of the shorter side of the frame"
    ),
    "Overlay.opacity": tr("How dense the picture is, from 0 to 1"),
    "Overlay.from": tr("The second from which it is seen"),
    "Overlay.to": tr("The second until which it is seen; by default the end"),
    "voices": tr("Sound files over the film, each from the start of a shot or of the whole"),
    "Voice.at": tr("Seconds after the start of the shot, or of the whole film"),
    "AiLabel.at": tr("start shows the words for three seconds, always to the end"),
    "label": tr(
        "The label of AI-generated content: words and metadata; none if you add it elsewhere"
    ),
    "visible": tr("The words of the label; none for no words"),
    "corner": tr("The corner of the words"),
    "metadata": tr("Whether the tag AIGC is written; tags of the clips are always kept"),
    "producer": tr("ContentProducer of the tag"),
    "produce_id": tr("ProduceID of the tag"),
    "propagator": tr("ContentPropagator of the tag"),
    "propagate_id": tr("PropagateID of the tag"),
    "caption": tr("Words that are shown as long as the shot"),
    "caption_style": tr("How captions look: {{size, colour, outline, position, box}}"),
    "colour": tr("The colour of the letters: a name, #RRGGBB or #RRGGBBAA"),
    "outline": tr("The colour of the outline of the letters, or none"),
    "position": tr("Where captions are: bottom, middle or top"),
    "box": tr("The colour of a box behind the captions, or none"),
    "safe_area": tr("A platform; captions and label avoid what its app draws over the video"),
    "lang": tr("The language of captions, such as zh-Hant or ja: forms of characters, line breaks"),
    "quality": tr("draft for a quick look, standard, master for further editing"),
    "codec": tr("Every player knows h264; the others need support in ffmpeg or hardware"),
    "poster": tr("The second whose frame becomes the poster; by default one of the first shot"),
    "stems": tr("Write dialogue, music and voices as WAV files beside the film"),
    "captions": tr("burn draws captions, sidecar writes an SRT file, both does both"),
    "subtitles": tr("An SRT, WebVTT, ASS or LRC file for the whole film"),
    "font": tr("A font file for captions; by default the packaged fonts"),
    "sound": tr("The sound of the clip in the deliverables: keep, mute, or decibels"),
    "duck": tr("Lower the music while something else is heard"),
    "loudness": tr("The target in LUFS, such as -14"),
}
