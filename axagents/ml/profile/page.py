"""A profile as one HTML page that needs nothing else."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from axagents.ml.profile.charts import HEIGHT, WIDTH, draw_column, draw_heatmap, draw_values
from axagents.ml.profile.figures import write_count, write_number, write_share
from axagents.ml.profile.model import DataProfile

_MEASURES = {
    "pearson": "correlation",
    "spearman": "rank correlation",
    "cramers_v": "Cramér’s V",
    "correlation_ratio": "correlation ratio",
}
_MOST_ASSOCIATIONS = 30
# Reasons that say no more than the kind does.
_PLAIN = ("numbers", "texts that repeat", "")


def write_page(profile: DataProfile) -> str:
    """Write a profile as a page of HTML with its plots inside, for light and dark screens."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(count=write_count, number=write_number)
    template = environment.from_string((files("axagents.ml.profile") / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        profile=profile,
        measures=_MEASURES,
        plain=_PLAIN,
        share=write_share,
        width=WIDTH,
        height=HEIGHT,
        charts={column.name: draw_column(column) for column in profile.columns},
        values={
            column.name: draw_values(column.top, profile.rows - column.missing, column.distinct)
            for column in profile.columns
        },
        heatmap=draw_heatmap(profile.correlation) if profile.correlation is not None else None,
        associations=profile.target_associations[:_MOST_ASSOCIATIONS],
        missing=sum(column.missing for column in profile.columns),
        about="about " if profile.sampled_rows is not None else "",
    )
