using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Ledger;
using GovChain.Node.Pool;
using GovChain.Protos.V1;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Accusations;

/// <summary>
/// Brings evidence onto the ledger (docs/PROTOCOL.md, "Evidence"). All who hold it would; they take turns, and whoever finds
/// it there says nothing. Not thread-safe: the node's housekeeping owns it.
/// </summary>
internal sealed class EvidenceReports(
    ValidatorHistory history, int self, LedgerHead ledger, ProtocolTransactions transactions, TimeProvider time, ulong turnMs, ILogger log)
{
    private readonly Dictionary<Digest, ulong> _dueMs = [];
    private readonly HashSet<Digest> _answered = [];

    /// <summary>Sends what is due of the evidence held. About once a second.</summary>
    public async Task LookAsync(IReadOnlyList<Evidence> held)
    {
        if (held.Count == _answered.Count)
            return;
        foreach (Evidence evidence in TakeDue(held))
        {
            SubmissionResult result = await transactions.SubmitAsync(
                body => body.Accuse = new Accuse { Evidence = ByteString.CopyFrom(evidence.ToBytes()) });
            log.EvidenceReported(EvidenceText.DepartmentOf(evidence, history), evidence.Id.ToString(), result.Answer);
        }
    }

    private List<Evidence> TakeDue(IReadOnlyList<Evidence> held)
    {
        var due = new List<Evidence>();
        using LedgerSnapshot view = ledger.OpenSnapshot();
        var state = new StateOverlay(view);
        ulong nowMs = time.MonotonicMs();
        foreach (Evidence evidence in held)
        {
            if (_answered.Contains(evidence.Id))
                continue;
            if (AccusationRules.Find(state, evidence) is not null
                || !AccusationRules.HasRoom(state, EvidenceText.DepartmentOf(evidence, history)))
            {
                _answered.Add(evidence.Id);
                continue;
            }
            if (!_dueMs.TryGetValue(evidence.Id, out ulong dueMs))
            {
                // Everybody has another turn, and another is first each time.
                int turn = (self + evidence.Id.Span[0]) % history.Acting.Count;
                _dueMs.Add(evidence.Id, dueMs = nowMs + (ulong)turn * turnMs);
            }
            if (dueMs > nowMs)
                continue;
            due.Add(evidence);
            _dueMs[evidence.Id] = nowMs + transactions.ValidMs;
        }
        return due;
    }
}
