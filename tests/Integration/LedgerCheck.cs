using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Auditing;
using GovChain.Node.Commands;
using GovChain.Protos.V1;
using GovChain.Storage;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>
/// Holds what clients were told against the directory of every department, after the nodes have stopped: each
/// acknowledgement exactly once, at its height and position, making the version that was named, with the content that was
/// asked for; no record action besides; all audits clean, all roots equal.
/// </summary>
internal sealed class LedgerCheck(TestNetwork network, IReadOnlyList<Acknowledgement> acknowledged)
{
    /// <summary>Of each department.</summary>
    public List<AuditReport> Audits { get; } = [];

    /// <summary>Fails the test at the first deviation.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Dictionary<string, Acknowledgement> told = Told();
        GenesisFile genesis = GenesisCommand.Read(network.Layout.GenesisFile);
        for (int i = 0; i < network.Count; i++)
        {
            string department = network.Network.Departments[i].Id;
            string data = network.Layout.At(department, "data");
            Audits.Add(await DirectoryAudit.RunAsync(data, network.ChainId, genesis, null, null, cancellation));
            Assert.That(Audits[i].FirstProblem, Is.Null, $"the audit of {department}");
            Compare(department, told);
        }
        Assert.That(Audits.Select(r => (r.Height, r.LogRoot, r.StateRoot)).Distinct().Count(), Is.EqualTo(1),
            "all departments have one height and equal roots");
    }

    /// <summary>Holds one department's directory against what clients were told; fails at the first deviation.</summary>
    public void Compare(string department) => Compare(department, Told());

    private Dictionary<string, Acknowledgement> Told()
    {
        Dictionary<string, Acknowledgement> told = [];
        foreach (Acknowledgement acknowledgement in acknowledged)
        {
            // A client that was killed may be told again, never something else.
            if (!told.TryAdd(acknowledgement.TransactionId, acknowledgement))
                Assert.That(acknowledgement, Is.EqualTo(told[acknowledgement.TransactionId]), "told twice, and differently");
        }
        return told;
    }

    private void Compare(string department, Dictionary<string, Acknowledgement> told)
    {
        using DataDirectory directory = DataDirectory.OpenReadOnly(network.Layout.At(department, "data"));
        using LedgerStore store = LedgerStore.OpenReadOnly(directory);
        using LedgerSnapshot ledger = store.OpenSnapshot();
        Dictionary<ulong, ulong> starts = ledger.ScanStarts().ToDictionary(s => s.Position, s => s.Height);
        var versions = new Dictionary<(string Type, string Id), ulong>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        ulong height = 0;
        foreach ((ulong position, ReadOnlyMemory<byte> leaf) in ledger.ScanEntries())
        {
            height = starts.GetValueOrDefault(position, height);
            if (position == 0)
                continue; // the genesis leaf is no transaction
            Transaction transaction = TransactionDecoder.TryDecode(leaf, network.ChainId, out _)!;
            TransactionBody body = transaction.Body;
            RecordChange? change = body.Register ?? body.Amend ?? body.Annul;
            if (change is null)
                continue;
            (string, string) record = (change.Record.Type, change.Record.Id);
            ulong version = versions[record] = versions.GetValueOrDefault(record) + 1;
            string id = transaction.Id.ToString();
            Assert.That(seen.Add(id), Is.True, $"{department} has {id} once");
            Assert.That(told.TryGetValue(id, out Acknowledgement? acknowledgement), Is.True,
                $"{department} has {id} ({record}) at {position}, of which no client was told");
            Assert.That(
                new Acknowledgement(id, height, position, change.Record.Type, change.Record.Id, version,
                    Acknowledgement.DigestOf(change.Payload is { } payload ? payload.Inline.Content.Span : [])),
                Is.EqualTo(acknowledgement), department);
        }
        Assert.That(seen, Has.Count.EqualTo(told.Count), $"{department} has everything that was acknowledged");
    }
}
