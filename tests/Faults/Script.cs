using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;
using GovChain.Tests.Unit.Verification;

namespace GovChain.Tests.Faults;

/// <summary>A block as it is stored.</summary>
internal sealed record ScriptBlock(BlockHeader Header, Certificate Certificate, IReadOnlyList<byte[]> Envelopes);

/// <summary>
/// The chain that every run writes: four departments, everything signed and certified. It is made once and handed to the
/// runs as a file, so that what a disk holds can be compared with what was to be written, header by header.
/// </summary>
internal sealed class Script
{
    private const int RecordsPerBlock = 4;

    /// <summary>Longer than what goes to a blob file.</summary>
    private const int LongContent = 6000;

    private Script(Genesis genesis, IReadOnlyList<ScriptBlock> blocks)
    {
        Genesis = genesis;
        Blocks = blocks;
    }

    public Genesis Genesis { get; }

    /// <summary>Blocks 1 and up.</summary>
    public IReadOnlyList<ScriptBlock> Blocks { get; }

    /// <summary>The hash of a block's header.</summary>
    public Digest HashAt(ulong height) =>
        height == 0 ? Genesis.Block.Header.Hash : Blocks[(int)height - 1].Header.Hash;

    public static Script Make(int blocks)
    {
        var ledger = new TestLedger(EvidenceLedger.AddDepartments);
        var made = new List<ScriptBlock>();
        Commit((TestLedger.AlphaAdmin, Actions.Define()),
            (TestLedger.AlphaAdmin, Actions.Enrol("clerk", TestLedger.AlphaClerk, OfficerRole.Clerk)));
        for (int i = 1; i < blocks; i++)
        {
            string content = $$"""{"text":"{{new string((char)('a' + i % 26), i % 3 == 0 ? LongContent : 300)}}"}""";
            Commit([
                .. Enumerable.Range(0, RecordsPerBlock - 1)
                    .Select(k => (TestLedger.AlphaClerk, Actions.Register($"R-{i}-{k}", content: content))),
                i == 1
                    ? (TestLedger.AlphaClerk, Actions.Register("R-0"))
                    : (TestLedger.AlphaClerk, Actions.Amend("R-0", (ulong)i - 1)),
            ]);
        }
        return new Script(ledger.Genesis, made);

        void Commit(params (TestKey Signer, TransactionBody Action)[] actions)
        {
            byte[][] envelopes =
            [
                .. actions.Select(a => Envelope.Signed(
                    Envelope.Body(ledger.Genesis.ChainId, a.Signer.Public, a.Action, ledger.NextTimeMs + 60_000), a.Signer)),
            ];
            BlockHeader header = ledger.Commit(envelopes.Select(ledger.Verified)).Header;
            made.Add(new ScriptBlock(header, EvidenceLedger.Certify(header), envelopes));
        }
    }

    public void Save(string path)
    {
        using var file = new BinaryWriter(File.Create(path));
        Put(Genesis.Bytes.Span);
        file.Write(Blocks.Count);
        foreach (ScriptBlock block in Blocks)
        {
            Put(block.Header.ToBytes());
            Put(block.Certificate.ToBytes());
            file.Write(block.Envelopes.Count);
            foreach (byte[] envelope in block.Envelopes)
                Put(envelope);
        }

        void Put(ReadOnlySpan<byte> bytes)
        {
            file.Write(bytes.Length);
            file.Write(bytes);
        }
    }

    public static Script Load(string path)
    {
        using var file = new BinaryReader(File.OpenRead(path));
        Genesis genesis = Genesis.TryDecode(Get(), out GenesisFailure? failure)
            ?? throw new InvalidDataException(failure!.Message);
        var blocks = new ScriptBlock[file.ReadInt32()];
        for (int i = 0; i < blocks.Length; i++)
        {
            BlockHeader header = BlockHeader.TryRead(Get())!;
            Certificate certificate = Certificate.TryRead(Get())!;
            var envelopes = new byte[file.ReadInt32()][];
            for (int k = 0; k < envelopes.Length; k++)
                envelopes[k] = Get();
            blocks[i] = new ScriptBlock(header, certificate, envelopes);
        }
        return new Script(genesis, blocks);

        byte[] Get() => file.ReadBytes(file.ReadInt32());
    }

    /// <summary>Executes the block that follows the given ledger.</summary>
    public ExecutedBlock Execute(ILedgerView view)
    {
        ScriptBlock block = Blocks[(int)view.Tip.Height];
        Transaction[] transactions =
            [.. block.Envelopes.Select(e => TransactionDecoder.TryDecode(e, Genesis.ChainId, out _)!)];
        VerifiedTransaction[] verified = VerifiedTransaction.VerifyAll(transactions, new TrustingVerifier())!;
        return BlockExecutor.Check(view, Genesis.Validators, block.Header, verified, out BlockFailure? failure)
            ?? throw new InvalidOperationException($"The script's block does not follow: {failure}");
    }
}
