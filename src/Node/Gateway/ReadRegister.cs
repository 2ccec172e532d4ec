using GovChain.Core.Verification;
using GovChain.Node.Alarms;
using GovChain.Rpc;
using GovChain.Storage;
using GovChain.Storage.Reads;
using Microsoft.Extensions.Logging;

namespace GovChain.Node.Gateway;

/// <summary>
/// The node's read log, where there is one that can be gone on with. Without it the node takes part as before and gives out nothing that is
/// not public: an alarm says why. Safe from any thread.
/// </summary>
internal sealed class ReadRegister : IDisposable
{
    private readonly ReadLog? _log;
    private readonly AlarmBoard _alarms;

    private ReadRegister(ReadLog? log, AlarmBoard alarms) => (_log, _alarms) = (log, alarms);

    /// <summary>The newest entries as they were when the log was opened.</summary>
    public IReadOnlyList<ReadEntry> Recent => _log?.Recent ?? [];

    /// <summary>Where the log is; null where there is none that can be gone on with.</summary>
    public ReadChain? End => _log?.End;

    /// <summary>Opens the log of a directory, or begins one.</summary>
    public static ReadRegister Open(DataDirectory directory, AlarmBoard alarms, ILogger log)
    {
        try
        {
            var reads = ReadLog.Open(directory);
            if (reads.Torn > 0)
                log.ReadLogTorn(reads.Torn, reads.End.Count);
            return new ReadRegister(reads, alarms);
        }
        catch (StorageException e)
        {
            alarms.Raise(NodeAlarm.ReadLogFailed, e.Message);
            return new ReadRegister(null, alarms);
        }
    }

    /// <summary>Writes an entry; durable when this returns.</summary>
    /// <exception cref="LedgerRequestException">NodeNotReady: it cannot be written.</exception>
    public void Write(ReadEntry entry)
    {
        if (_log is null)
            throw Refusal();
        try
        {
            _log.Append(entry);
        }
        catch (StorageException e)
        {
            _alarms.Raise(NodeAlarm.ReadLogFailed, e.Message);
            throw Refusal();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _log?.Dispose();

    private LedgerRequestException Refusal() => LedgerRequestException.NotReady(
        "This node cannot write down who is read to, so it gives out nothing that is not public. Ask another department's node; the operator "
        + "of this one finds the reason in its status.");
}
