using System.Globalization;
using Google.Protobuf;
using GovChain.Client;
using GovChain.Client.Keys;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Node.Devnet;
using GovChain.Protos.V1;
using GovChain.Storage;

namespace GovChain.Node.Benching;

/// <summary>
/// A long history for the departments of a development network, made without voting: see <see cref="GeneratedLedger"/>.
/// Every record is registered once, or registered and then amended as often as asked.
/// </summary>
internal sealed class CatchUpHistory : IDisposable
{
    /// <summary>Between two headers: 30 blocks are within an expiry horizon of a minute.</summary>
    public static readonly TimeSpan BlockSpacing = TimeSpan.FromSeconds(2);

    public const string Type = "history";

    private const int BlocksAtOnce = 64, ContentBytes = 512;
    private const ulong ValidityMs = 30_000;

    private readonly DevnetLayout _layout;
    private readonly IReadOnlyList<DevnetDepartment> _departments;
    private readonly Genesis _genesis;
    private readonly ISigner _administrator;

    public CatchUpHistory(DevnetLayout layout, IReadOnlyList<DevnetDepartment> departments)
    {
        (_layout, _departments) = (layout, departments);
        _genesis = GenesisCommand.Read(layout.GenesisFile).Genesis;
        _administrator = Key(departments[0], $"{DevnetBuilder.Administrator}.pem");
        Clerk = Key(departments[0], $"{DevnetBuilder.Clerk}.pem");
    }

    /// <summary>What comes before the records, each in a block of its own, given until when it must be valid.</summary>
    public IReadOnlyList<Func<ulong, SignedEnvelope>> Before { get; init; } = [];

    /// <summary>Validator keys, besides the founders' first ones, that are to certify blocks.</summary>
    public IReadOnlyList<ISigner> LaterKeys { get; init; } = [];

    /// <summary>Who signs the records.</summary>
    public ISigner Clerk { get; }

    /// <summary>The ledger.</summary>
    public Core.Cryptography.Digest ChainId => _genesis.ChainId;

    /// <summary>Puts the same ledger into the data directories of all departments but the last.</summary>
    /// <param name="records">Records.</param>
    /// <param name="versions">Versions of each.</param>
    /// <param name="blockRecords">Transactions in a block.</param>
    /// <param name="progress">Told the blocks that are there.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The newest height, and the bytes of one data directory.</returns>
    public (ulong Height, long Bytes) Make(
        int records, int versions, int blockRecords, Action<ulong> progress, CancellationToken cancellation)
    {
        string root = _layout.At(_departments[0].Id, "data");
        using DataDirectory directory = DataDirectory.Open(root, _genesis.ChainId);
        using LedgerStore store = LedgerStore.Open(directory);
        Generate(store, records, versions, blockRecords, progress, cancellation);
        for (int i = 1; i < _departments.Count - 1; i++)
            Copy(store, _layout.At(_departments[i].Id, "data"));
        GeneratedLedger.WriteJournal(directory, store.Current.Tip);
        return (store.Current.TipHeight, new DirectoryInfo(root).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static f => f.Length));
    }

    /// <summary>One more record.</summary>
    public SignedEnvelope Sign(TransactionFactory factory, string id, ulong expected, ulong expiresAtMs) => factory.Create(
        body =>
        {
            var change = new RecordChange
            {
                Record = new RecordName { Type = Type, Id = id },
                ExpectedVersion = expected,
                Payload = new Payload
                {
                    Inline = new InlinePayload
                    {
                        MediaType = "application/json",
                        Content = UnsafeByteOperations.UnsafeWrap(SignedLoad.Content(ContentBytes, id.GetHashCode(StringComparison.Ordinal))),
                    },
                },
            };
            if (expected == 0)
            {
                body.Register = change;
                return;
            }
            change.Reason = "correction";
            body.Amend = change;
        }, expiresAtMs);

    public void Dispose()
    {
        _administrator.Dispose();
        Clerk.Dispose();
    }

    private ISigner Key(DevnetDepartment department, string file) =>
        KeyOptions.Open(_layout.At(department.Id, file), _layout.At(department.Id, "passphrase"));

    private void Generate(
        LedgerStore store, int records, int versions, int blockRecords, Action<ulong> progress, CancellationToken cancellation)
    {
        ISigner[] validators = [.. _genesis.Validators.Members.Select(v => Key(
            _departments.Single(d => d.Id == v.Department), "validator.pem"))];
        try
        {
            var generated = new GeneratedLedger(_genesis, validators.Concat(LaterKeys));
            ulong time = _genesis.Body.CreatedAtMs;
            ulong Next() => time += (ulong)BlockSpacing.TotalMilliseconds;
            generated.Append(store, Next(), Found(time));
            foreach (Func<ulong, SignedEnvelope> sign in Before)
                generated.Append(store, Next(), [sign(time + ValidityMs).Bytes]);
            var factory = new TransactionFactory(_genesis.ChainId, Clerk);
            long all = (long)records * versions;
            for (long begun = 0; begun < all; begun += (long)BlocksAtOnce * blockRecords)
            {
                int count = (int)Math.Min((long)BlocksAtOnce * blockRecords, all - begun);
                var envelopes = new ReadOnlyMemory<byte>[count];
                (long first, ulong from) = (begun, time);
                Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, i =>
                {
                    ulong ms = from + (ulong)(1 + i / blockRecords) * (ulong)BlockSpacing.TotalMilliseconds;
                    long number = first + i;
                    envelopes[i] = Sign(factory, string.Create(CultureInfo.InvariantCulture, $"R-{number % records:D8}"),
                        (ulong)(number / records), ms + ValidityMs).Bytes;
                });
                foreach (ReadOnlyMemory<byte>[] block in envelopes.Chunk(blockRecords))
                    generated.Append(store, Next(), block);
                progress(store.Current.TipHeight);
            }
        }
        finally
        {
            Array.ForEach(validators, static v => v.Dispose());
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Found(ulong timeMs)
    {
        var factory = new TransactionFactory(_genesis.ChainId, _administrator);
        var define = new DefineType { Type = Type, PublicRead = true };
        define.Titles.Add(new LocalizedText { Language = "en", Text = "History" });
        var enrol = new EnrolOfficer { OfficerId = DevnetBuilder.Clerk, PublicKey = ByteString.CopyFrom(Clerk.PublicKey.Span) };
        enrol.Roles.Add((uint)OfficerRole.Clerk);
        return
        [
            factory.Create(body => body.DefineType = define, timeMs + ValidityMs).Bytes,
            factory.Create(body => body.EnrolOfficer = enrol, timeMs + ValidityMs).Bytes,
        ];
    }

    /// <summary>Hard links where the file system has them; a journal of its own, as of a node that stored every block.</summary>
    private void Copy(LedgerStore store, string path)
    {
        LedgerCheckpoint checkpoint = store.CreateCheckpoint();
        Directory.Move(checkpoint.Root, path);
        using DataDirectory directory = DataDirectory.Open(path, _genesis.ChainId);
        directory.ForgetRestored();
        GeneratedLedger.WriteJournal(directory, store.Current.Tip);
    }
}
