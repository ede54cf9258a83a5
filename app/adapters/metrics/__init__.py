"""Where a service's numbers come from: a Prometheus server, or the services' own metrics pages."""

from app.adapters.metrics.prometheus import PrometheusMetrics
from app.adapters.metrics.scraped import ScrapedMetrics

__all__ = ["PrometheusMetrics", "ScrapedMetrics"]
