using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Integration;

/// <summary>Holds the ledger against what an import's file says.</summary>
internal static class ImportAssert
{
    private const uint InForce = 1;
    private const uint Annulled = 2;

    /// <summary>Every record a node gives out, key by key, is what the fold of the file gives, and there are no others.
    /// </summary>
    public static async Task RecordsEqualFoldAsync(
        LedgerClient client, string type, RegisterFold fold, CancellationToken cancellation)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (RecordVersion record in client.ListRecordsAsync(type, payloads: true, cancellation))
        {
            string id = record.State.Record.Id;
            Assert.That(seen.Add(id), Is.True, $"{type} {id} is listed once");
            Assert.That(fold.Records.TryGetValue(id, out FoldedRecord? expected), Is.True, $"{type} {id} is in the file");
            Assert.That(record.State.Version, Is.EqualTo(expected!.Version), $"version of {type} {id}");
            Assert.That(record.State.Status, Is.EqualTo(expected.InForce ? InForce : Annulled), $"status of {type} {id}");
            if (expected.InForce && !record.Payload.Span.SequenceEqual(expected.Payload))
                Assert.Fail($"{type} {id}: the content is not the file's: {record.Payload.ToStringUtf8()}");
        }
        Assert.That(seen, Has.Count.EqualTo(fold.Records.Count), $"records of {type}");
    }

    /// <summary>The import's own account and the ledger's transactions agree with the fold: nothing lost, doubled or
    /// refused.</summary>
    public static void CountsEqualFold(DevnetImport import, LedgerContents ledger, RegisterFold fold)
    {
        ImportSummary summary = import.Summary!;
        Assert.That(summary.Refused.Select(r => $"line {r.Event}: {r.Code} {r.Message}"), Is.Empty, $"refusals of {import.Type}");
        Assert.That((summary.Registered, summary.Amended, summary.Annulled), Is.EqualTo((fold.Registered, fold.Amended, fold.Annulled)),
            $"what the import of {import.Type} reports");
        Assert.That(
            (ledger.CountOf(import.Type, TransactionBody.ActionOneofCase.Register),
            ledger.CountOf(import.Type, TransactionBody.ActionOneofCase.Amend),
            ledger.CountOf(import.Type, TransactionBody.ActionOneofCase.Annul)),
            Is.EqualTo((fold.Registered, fold.Amended, fold.Annulled)),
            $"what the ledger holds of {import.Type}");
    }

    /// <summary>Every transaction that the import was told is committed stands on every node where it was told.</summary>
    public static async Task AcknowledgedStandEverywhereAsync(
        TestNetwork network, DevnetImport import, CancellationToken cancellation)
    {
        for (int i = 0; i < network.Count; i++)
        {
            using LedgerClient node = network.Network.ConnectAdministration(i);
            LedgerContents contents = await LedgerContents.ReadAsync(node, cancellation);
            foreach (ImportResult result in import.Committed)
            {
                Assert.That(contents.Positions.TryGetValue(result.TransactionId!, out ulong position) && position == result.Position, Is.True,
                    $"event {result.Event}, {result.TransactionId}, was acknowledged at {result.Position}; {network.Network.Departments[i].Id} has it at {position}");
            }
        }
    }
}
