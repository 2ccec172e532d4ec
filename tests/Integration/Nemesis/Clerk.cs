using System.Text.Json;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;

namespace GovChain.Tests.Integration.Nemesis;

/// <summary>
/// A department's clerk as a process: several workers, each of whom registers a record, amends it twice, annuls it and takes
/// the next one, through the department's own node. Everything asked and told is in the diary before anything else is
/// done with it. Whatever has no final answer is asked again, after a kill too, until it has one; what expired by the
/// clock is signed anew meanwhile, as the importer does.
/// </summary>
internal sealed class Clerk(DevnetLayout layout, string type, FileStream diary, TimeSpan pause)
{
    private const int VersionsMax = 4;
    private const int ReadOneIn = 8;
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(300);

    private readonly IReadOnlyList<DevnetDepartment> _departments = layout.Read()!;
    private readonly Lock _gate = new();

    /// <summary>Works until <paramref name="finish"/>, and then until nothing is open.</summary>
    public static async Task RunAsync(
        DevnetLayout layout, DevnetDepartment self, string type, string diaryFile, int workers, TimeSpan pause, CancellationToken finish)
    {
        ILookup<string, DiaryEntry> before = DiaryEntry.Read(diaryFile).ToLookup(e => WorkerOf(e.Record));
        using FileStream diary = Acknowledgement.OpenFile(diaryFile);
        var clerk = new Clerk(layout, type, diary, pause);
        using LedgerClient client = clerk.Connect(self);
        using ISigner signer = KeyOptions.Open(
            layout.At(self.Id, $"{DevnetBuilder.Clerk}.pem"), layout.At(self.Id, "passphrase"));
        Core.Cryptography.Digest.TryParseHex((await client.GetGenesisAsync()).ChainId, out Core.Cryptography.Digest chain);
        var factory = new TransactionFactory(chain, signer);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(
            i => clerk.WorkAsync($"w{i}", before[$"w{i}"], client, factory, finish)));
    }

    private LedgerClient Connect(DevnetDepartment department) =>
        LedgerClient.Connect(new Uri($"https://localhost:{department.ClientPort}"), layout.AuthorityCertificate);

    private async Task WorkAsync(
        string worker, IEnumerable<DiaryEntry> before, LedgerClient client, TransactionFactory factory, CancellationToken finish)
    {
        var random = new Random();
        Desk desk = Desk.From(worker, before);
        while (true)
        {
            if (desk.Open.Count == 0)
            {
                if (finish.IsCancellationRequested)
                    return;
                Ask(desk, factory);
            }
            foreach (DiaryEntry asked in desk.Open.ToArray())
            {
                DiaryEntry? answer = await SubmitAsync(asked, client);
                if (answer is not null)
                {
                    Write(answer);
                    desk.Take(answer);
                }
                else if (asked == desk.Open[^1] && asked.ExpiresAtMs < (ulong)NowMs())
                {
                    Ask(desk, factory); // it may stay pending as long as no header comes; one of the two can commit
                }
            }
            if (random.Next(ReadOneIn) == 0 && !finish.IsCancellationRequested)
                await ReadAsync(desk, _departments[random.Next(_departments.Count)]);
            if (!finish.IsCancellationRequested)
                await Task.Delay(pause, finish).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private void Ask(Desk desk, TransactionFactory factory)
    {
        DiaryEntry asked = Sign(desk, factory);
        Write(asked);
        desk.Ask(asked);
    }

    /// <summary>The record's next action: register, amend, amend, annul.</summary>
    private DiaryEntry Sign(Desk desk, TransactionFactory factory)
    {
        byte[] content = desk.Version == VersionsMax - 1
            ? [] : JsonSerializer.SerializeToUtf8Bytes(new { record = desk.Record, version = desk.Version + 1, text = Guid.NewGuid() });
        var change = new RecordChange
        {
            Record = new RecordName { Type = type, Id = desk.Record },
            ExpectedVersion = desk.Version,
            Reason = desk.Version == 0 ? "" : "as the file says",
        };
        if (content.Length > 0)
        {
            change.Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = "application/json",
                    Content = Google.Protobuf.ByteString.CopyFrom(content),
                },
            };
        }
        SignedEnvelope envelope = factory.Create(
            body =>
            {
                if (desk.Version == 0)
                    body.Register = change;
                else if (content.Length > 0)
                    body.Amend = change;
                else
                    body.Annul = change;
            },
            (ulong)(DateTimeOffset.UtcNow + Validity).ToUnixTimeMilliseconds());
        return new DiaryEntry(
            NowMs(), DiaryKind.Asked, type, desk.Record, desk.Version + 1, Acknowledgement.DigestOf(content))
        {
            TransactionId = envelope.Id.ToString(),
            Envelope = envelope.Bytes,
            ExpiresAtMs = envelope.ExpiresAtMs,
        };
    }

    /// <summary>Submits once; null while there is no final answer.</summary>
    private static async Task<DiaryEntry?> SubmitAsync(DiaryEntry asked, LedgerClient client)
    {
        Core.Cryptography.Digest.TryParseHex(asked.TransactionId, out Core.Cryptography.Digest id);
        var envelope = new SignedEnvelope(id, asked.Envelope, asked.ExpiresAtMs);
        TimeSpan pause = Again;
        try
        {
            TransactionOutcome outcome = await client.SubmitAsync(envelope, WaitFor.Committed, Patience);
            switch (outcome.Status)
            {
                case TransactionStatus.CommittedDurably:
                    return Answer(asked, DiaryKind.Told) with { Height = outcome.Height, Position = outcome.Position };
                case TransactionStatus.Expired:
                    return Answer(asked, DiaryKind.Refused) with { Reason = "EXPIRED" };
                case TransactionStatus.Rejected when outcome.Rejection.Permanent:
                    return Answer(asked, DiaryKind.Refused) with { Reason = outcome.Rejection.Code };
            }
        }
        catch (LedgerClientException e) when (e.IsTransient || e.Facts.GetValueOrDefault("permanent") == "false")
        {
            pause = e.RetryAfter ?? Again;
        }
        catch (LedgerClientException e)
        {
            return Answer(asked, DiaryKind.Refused) with { Reason = e.Reason };
        }
        catch (OperationCanceledException)
        {
            // the node went away
        }
        await Task.Delay(pause);
        return null;
    }

    private static DiaryEntry Answer(DiaryEntry asked, DiaryKind kind) =>
        new(NowMs(), kind, asked.Type, asked.Record, asked.Version, asked.Content) { TransactionId = asked.TransactionId };

    /// <summary>Reads the record that was changed last at any node; one that does not answer says nothing.</summary>
    private async Task ReadAsync(Desk desk, DevnetDepartment department)
    {
        if (desk.Told is not { } told)
            return;
        try
        {
            using LedgerClient client = Connect(department);
            using var late = new CancellationTokenSource(Patience);
            GetRecordResponse? found = await client.FindRecordAsync(type, told.Record, cancellation: late.Token);
            bool annulled = found is { Record.State.Version: VersionsMax };
            Write(new DiaryEntry(NowMs(), DiaryKind.Read, type, told.Record, found?.Record.State.Version ?? 0,
                found is null || annulled ? "" : Acknowledgement.DigestOf(found.Record.Payload.Span))
            {
                Node = department.Id,
                KnownVersion = told.Version,
            });
        }
        catch (Exception e) when (e is LedgerClientException or OperationCanceledException)
        {
            // asked in vain
        }
    }

    private void Write(DiaryEntry entry)
    {
        lock (_gate)
            entry.AppendTo(diary);
    }

    private static long NowMs() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Records are called worker-number.</summary>
    private static string WorkerOf(string record) => record[..record.IndexOf('-', StringComparison.Ordinal)];

    /// <summary>What a worker has before it: its record, the version that this stands at, and what it asked for the next
    /// one that is not answered.</summary>
    private sealed class Desk(string worker)
    {
        private int _number;
        private bool _refused;

        public string Record => $"{worker}-{_number}";

        public ulong Version { get; private set; }

        public List<DiaryEntry> Open { get; } = [];

        public DiaryEntry? Told { get; private set; }

        public static Desk From(string worker, IEnumerable<DiaryEntry> before)
        {
            var desk = new Desk(worker);
            foreach (DiaryEntry entry in before)
            {
                if (entry.Kind == DiaryKind.Asked)
                    desk.Ask(entry);
                else if (entry.Kind != DiaryKind.Read)
                    desk.Take(entry);
            }
            return desk;
        }

        public void Ask(DiaryEntry asked) => Open.Add(asked);

        /// <summary>When all is answered: the next version if one was recorded, else the same again; but a record that was
        /// refused for another reason than its expiry is left alone.</summary>
        public void Take(DiaryEntry answer)
        {
            Open.RemoveAll(a => a.TransactionId == answer.TransactionId);
            if (answer.Kind == DiaryKind.Told)
                Told = answer;
            else
                _refused |= answer.Reason != "EXPIRED";
            if (Open.Count > 0)
                return;
            if (Told is { } told && told.Record == Record && told.Version == Version + 1)
                Version++;
            else if (_refused)
                Version = VersionsMax;
            _refused = false;
            if (Version < VersionsMax)
                return;
            Version = 0;
            _number++;
        }
    }
}
