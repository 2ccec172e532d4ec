using System.Net;
using GovChain.Node.Tls;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Peers;

/// <summary>
/// Makes refusals known without letting a stranger fill the log: counted always, logged once for each address and
/// reason, and shown in the status of the department that the stranger claims to be, unless that one is connected.
/// </summary>
internal sealed class PeerRefusalLog(ILogger logger, PeerMetrics metrics, Func<string, PeerLink?> linkOf)
{
    private const int RememberedMax = 1_024;

    private readonly HashSet<(IPAddress, PeerRefusal)> _logged = [];

    /// <summary>A connection from an address was refused.</summary>
    public void Refused(PeerVerdict verdict, IPAddress? address)
    {
        PeerRefusal reason = verdict.Refusal ?? throw new ArgumentException("Nothing was refused.", nameof(verdict));
        metrics.Refused(reason);
        if (verdict.Claimed is { } claimed)
            linkOf(claimed)?.Failed(verdict.Message);
        lock (_logged)
        {
            if (_logged.Count >= RememberedMax || !_logged.Add((address ?? IPAddress.None, reason)))
                return;
        }
        logger.PeerRefused(address?.ToString() ?? "an unknown address", reason, verdict.Message);
    }

    /// <summary>Whoever answered where a department should listen was refused.</summary>
    public void Refused(PeerVerdict verdict, PeerLink dialled)
    {
        metrics.Refused(verdict.Refusal ?? throw new ArgumentException("Nothing was refused.", nameof(verdict)));
        dialled.Failed(verdict.Message);
    }
}
