using GovChain.Consensus;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Alarms;
using GovChain.Storage;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Accusations;

/// <summary>
/// What the node does with evidence: keeps it durably, and tells its operator. It also keeps the justifications from which
/// more could be found. Called by the driver's thread; read from any.
/// </summary>
internal sealed class AccusationDesk(
    EvidenceStore store, ValidatorHistory history, AlarmBoard alarms, ILogger log, Action<Exception> fatal)
{
    private readonly Lock _gate = new();
    private IReadOnlyList<Evidence> _held = [.. store.All];
    private Task _keeping = Task.CompletedTask;

    /// <summary>All evidence that this node holds.</summary>
    public IReadOnlyList<Evidence> Held => Volatile.Read(ref _held);

    /// <summary>Keeps evidence, durably, and raises the alarm.</summary>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public void Accuse(Evidence evidence)
    {
        lock (_gate)
            store.Add(evidence);
        Volatile.Write(ref _held, [.. Held, evidence]);
        string department = EvidenceText.DepartmentOf(evidence, history);
        string what = EvidenceText.Describe(evidence);
        log.Accused(department, what, evidence.Id.ToString());
        alarms.Raise(NodeAlarm.DoubleVote, $"{department} {what}. Evidence {evidence.Id}.", department);
    }

    /// <summary>Keeps a justification, soon: until then the vote journal has it.</summary>
    public void Keep(KeptJustification kept) => _keeping = _keeping.ContinueWith(
        _ =>
        {
            try
            {
                lock (_gate)
                    store.Keep(kept.Height, kept.View, ConsensusMessageCodec.Encode(kept), KeepJustification.KeptMax);
            }
            catch (StorageException e)
            {
                fatal(e);
            }
        }, TaskScheduler.Default);

    /// <summary>Returns when all is written.</summary>
    public Task StopAsync() => _keeping;
}
