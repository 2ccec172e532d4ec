using System.Diagnostics;
using System.Text;
using CsCheck;
using GovChain.Core.Cryptography;
using GovChain.Core.Verification;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Verification;

/// <summary>
/// Goal: a receipt has one file, and no other bytes pass for it. Method: a valid file altered in every byte, respelled
/// in every way that JSON, hexadecimal digits and base64 leave open, and noise.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReceiptFileTests : IDisposable
{
    private static readonly EvidenceLedger Ledger = EvidenceLedger.Shared;

    private readonly RememberingVerifier _verifier = new();
    private readonly byte[] _own;
    private readonly byte[] _later;

    public ReceiptFileTests()
    {
        _own = Ledger.FileOf(Ledger.ProvenToOwnBlock(EvidenceLedger.LastOfDeputy), _verifier);
        _later = Ledger.FileOf(Ledger.ProvenToTip(EvidenceLedger.FirstOfClerk), _verifier);
    }

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Verify_CanonicalFile_IsProvenAndReadBackToTheSameBytes()
    {
        foreach (byte[] file in (byte[][])[_own, _later])
        {
            ProvenTransaction? proven = Verify(file, out ReceiptFailure? failure);
            Assert.That(proven, Is.Not.Null, $"{failure}");
            Receipt receipt = ReceiptCodec.TryRead(file, out _)!;
            Assert.That(ReceiptCodec.Write(receipt, proven!), Is.EqualTo(file));
        }
        Assert.That(Text(_own), Does.Not.Contain("laterBlock"));
        Assert.That(Text(_later), Does.Contain("laterBlock"));
    }

    [Test]
    public void Vector_ReceiptsAndEditsOfThem_AreWhatTheSpecificationSays()
    {
        (string Name, string Old, string New)[] edits =
        [
            ("upper-case hexadecimal digits in the summary",
                "\"chainId\": \"" + ChainId, "\"chainId\": \"" + ChainId.ToUpperInvariant()),
            ("a blank after an empty array", "\"epochs\": []", "\"epochs\": [ ]"),
            ("a readable member that is not what was signed", "\"recordId\": \"A-1\"", "\"recordId\": \"A-2\""),
            ("another position of the same block", "\"position\": 4", "\"position\": 5"),
            ("a position of another block", "\"position\": 4", "\"position\": 6"),
            ("an unknown version", "govchain-receipt-1", "govchain-receipt-2"),
        ];
        VectorFile.Hold("receipt", new
        {
            genesisDigest = ChainId,
            receipts = new[]
            {
                new { name = "signer proven to the receipt's own block", file = Text(_own) },
                new { name = "signer, revoked since, proven to a later block", file = Text(_later) },
                new { name = "submitted for approval", file = FileOf(EvidenceLedger.Submission) },
                new { name = "approved", file = FileOf(EvidenceLedger.Approval) },
                new { name = "approved on another's behalf", file = FileOf(EvidenceLedger.ApprovalOnBehalf) },
                new { name = "withdrawn", file = FileOf(EvidenceLedger.Withdrawal) },
            },
            refusedEditsOfTheSecond = edits.Select(edit =>
            {
                Verify(Replace(_later, edit.Old, edit.New), out ReceiptFailure? failure);
                return new { name = edit.Name, replace = edit.Old, with = edit.New, failure = $"{failure?.Kind}" };
            }),
        });
    }

    [Test]
    public void Summary_OfAnApproval_SaysWhoApprovedWhat_AndThatASubmissionMadeNoVersion()
    {
        string submission = FileOf(EvidenceLedger.Submission), approval = FileOf(EvidenceLedger.Approval), withdrawal = FileOf(EvidenceLedger.Withdrawal);
        string named = $"    \"submission\": \"{Ledger.Approved}\",\n";
        Assert.That(submission, Does.Contain("\"recordId\": \"C-2\",\n    \"approveUntil\": \"2027-01-15T08:01:09.000Z\",\n").And.Not.Contain("\"version\""));
        Assert.That(approval, Does.Contain($"\"recordId\": \"C-2\",\n    \"version\": 1,\n{named}    \"department\": \"alpha\",\n    \"officer\": \"approver\",\n"));
        Assert.That(FileOf(EvidenceLedger.ApprovalOnBehalf), Does.Contain("    \"onBehalfOf\": \"approver\",\n    \"department\": \"alpha\",\n    \"officer\": \"admin\",\n"));
        Assert.That(approval + withdrawal, Does.Not.Contain("onBehalfOf"));
        Assert.That(withdrawal, Does.Contain("\"action\": \"refuse\"").And.Contain("\"submission\": \"").And.Not.Contain("\"version\""));
    }

    [Test]
    public void Verify_AnyBitFlipped_IsRefused()
    {
        // The later receipt has every member that there is.
        Parallel.For(0, _later.Length * 8, i =>
        {
            byte[] file = [.. _later];
            file[i / 8] ^= (byte)(1 << i % 8);
            AssertNotProven(file, () => $"bit {i % 8} of byte {i / 8}, in {Around(_later, i / 8)}");
        });
    }

    [Test]
    public void Verify_AnyByteReplacedLeftOutOrPutIn_IsRefused()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Parallel.For(0, _own.Length, i =>
        {
            byte other = (byte)(_own[i] ^ new Random(seed + i).Next(1, 256));
            AssertNotProven([.. _own[..i], other, .. _own[(i + 1)..]], () => $"byte {i} as {other}, in {Around(_own, i)}");
            AssertNotProven([.. _own[..i], .. _own[(i + 1)..]], () => $"byte {i} left out, in {Around(_own, i)}");
            foreach (byte more in new[] { (byte)' ', _own[i], (byte)'0' })
                AssertNotProven([.. _own[..i], more, .. _own[i..]], () => $"{more} before byte {i}, in {Around(_own, i)}");
        });
    }

    [Test]
    public void Verify_AnyTruncation_IsRefused()
    {
        for (int length = 0; length < _later.Length; length += 1 + length / 64)
            AssertRefused(_later[..length], $"{length} bytes");
        AssertRefused(_later[..^1], "without its last line end");
    }

    [Test]
    public void Verify_OtherSpellingOfTheSame_IsNotCanonical()
    {
        string text = Text(_later);
        string hash = text[(text.IndexOf("\"inclusionPath\": [", StringComparison.Ordinal) + 24)..][..64];
        Assert.That(Digest.TryParseHex(hash, out _), hash);
        int summary = text.IndexOf("  \"summary\"", StringComparison.Ordinal);
        (string What, byte[] File)[] others =
        [
            ("CRLF", Bytes(text.Replace("\n", "\r\n"))),
            ("tabs", Bytes(text.Replace("  ", "\t"))),
            ("one line", Bytes(text.Replace("\n", ""))),
            ("a second line end", [.. _later, (byte)'\n']),
            ("a blank before", [(byte)' ', .. _later]),
            ("no last line end", _later[..^1]),
            ("a blank before a colon", Replace(_later, "\"position\":", "\"position\" :")),
            ("members swapped", Swap(text, "  \"genesisBody\"", "  \"envelope\"")),
            ("upper-case hash", Replace(_later, hash, hash.ToUpperInvariant())),
            ("one upper-case digit", Replace(_later, ChainId, Capital(ChainId))),
            ("an escaped letter", Replace(_later, "govchain-receipt-1", "\\u0067ovchain-receipt-1")),
            ("an escaped name", Replace(_later, "\"position\"", "\"p\\u006fsition\"")),
            ("an escaped slash in base64", EscapeBase64(text)),
            ("an unknown member", Replace(_later, "  \"epochs\": []", "  \"epochs\": [],\n  \"note\": \"genuine\"")),
            ("no summary", Bytes(text[..summary] + text[text.IndexOf("  \"genesisBody\"", StringComparison.Ordinal)..])),
        ];
        foreach ((string what, byte[] file) in others)
            AssertRefused(file, what, ReceiptFailureKind.NotCanonical);
        AssertRefused(Replace(_later, ",\n  \"epochs\": []", ""), "no epochs", ReceiptFailureKind.Malformed);
        AssertRefused(Replace(_later, "\"epochs\": []", "\"epochs\": [1]"), "an epoch", ReceiptFailureKind.Malformed);
        AssertRefused(Replace(_later, "\"epochs\": []", "\"epochs\": null"), "epochs null", ReceiptFailureKind.Malformed);
    }

    [Test]
    public void Verify_AnyReadableMemberChanged_IsNotCanonical()
    {
        string[] lines = Text(_later).Split('\n');
        int first = Array.FindIndex(lines, l => l.StartsWith("  \"summary\"", StringComparison.Ordinal)) + 1;
        int end = Array.FindIndex(lines, l => l == "  },");
        Assert.That(end - first, Is.EqualTo(11), "from network to recordedAt");
        for (int i = first; i < end; i++)
        {
            string[] changed = [.. lines];
            int at = lines[i].TrimEnd(',', '"').Length - 1;
            char other = lines[i][at] == '1' ? '2' : '1';
            changed[i] = $"{lines[i][..at]}{other}{lines[i][(at + 1)..]}";
            AssertRefused(Bytes(string.Join('\n', changed)), changed[i], ReceiptFailureKind.NotCanonical);
            AssertRefused(Bytes(string.Join('\n', lines.Where((_, n) => n != i))), $"without {lines[i]}");
        }
    }

    [Test]
    public void Verify_WhatIsNoReceipt_IsMalformed()
    {
        string text = Text(_later);
        (string What, byte[] File)[] others =
        [
            ("nothing", []),
            ("null", Bytes("null")),
            ("an array", Bytes("[]")),
            ("an empty object", Bytes("{}")),
            ("a byte order mark", [0xef, 0xbb, 0xbf, .. _later]),
            ("two files", [.. _later, .. _later]),
            ("a byte after", [.. _later, 0]),
            ("a comment", Replace(_later, "\"epochs\"", "/* */ \"epochs\"")),
            ("a trailing comma", Replace(_later, "\"epochs\": []", "\"epochs\": [],")),
            ("a member twice", Replace(_later, "  \"epochs\": []", "  \"position\": 4,\n  \"epochs\": []")),
            ("a member twice, once escaped",
                Replace(_later, "  \"epochs\": []", "  \"\\u0070osition\": 4,\n  \"epochs\": []")),
            ("a nested member twice", Replace(_later, "\"action\":", "\"network\": \"test\",\n    \"action\":")),
            ("too deep", Replace(_later, "\"epochs\": []", "\"epochs\": [[[[[[[[[]]]]]]]]]")),
            ("another format", Replace(_later, "govchain-receipt-1", "govchain-receipt-2")),
            ("a position in quotes", Replace(_later, "\"position\": 4", "\"position\": \"4\"")),
            ("a negative position", Replace(_later, "\"position\": 4", "\"position\": -4")),
            ("a leading zero", Replace(_later, "\"position\": 4", "\"position\": 04")),
            ("2^53", Replace(_later, "\"position\": 4", "\"position\": 9007199254740992")),
            ("later block null", LaterBlockNull(text)),
            ("no signer", Replace(_later, "\"signer\":", "\"sinner\":")),
            ("broken UTF-8", Break(_later, "\"format\": \"")),
            ("broken UTF-8 in a name", Break(_later, "  \"")),
            ("half a surrogate pair", Replace(_later, "govchain-receipt-1", "\\ud800")),
            ("half a surrogate pair in base64", Replace(_later, "\"envelope\": \"", "\"envelope\": \"\\ud800")),
            ("half a surrogate pair in a hash",
                Replace(_later, "\"inclusionPath\": [\n    \"", "\"inclusionPath\": [\n    \"\\ud800")),
            ("longer than any receipt", [.. _later, .. Enumerable.Repeat((byte)' ', ReceiptCodec.FileBytesMax)]),
        ];
        foreach ((string what, byte[] file) in others)
            AssertRefused(file, what, ReceiptFailureKind.Malformed);
    }

    [Test]
    public void Verify_OtherSpellingOfBase64_IsRefused()
    {
        foreach (string name in (string[])["genesisBody", "envelope", "header", "certificate", "value"])
        {
            string text = Text(_later);
            int start = text.IndexOf($"\"{name}\": \"", StringComparison.Ordinal) + name.Length + 5;
            string base64 = text[start..text.IndexOf('"', start)];
            string bare = base64.TrimEnd('=');
            string[] others =
            [
                bare + new string('=', (base64.Length - bare.Length + 1) % 3), base64 + "=", " " + base64,
                base64 + "\\n",
                base64[..4] + "\\r\\n" + base64[4..], base64[..^4], base64 + "AAAA",
                base64.Replace('+', '-').Replace('/', '_') + "-_", "",
            ];
            foreach (string other in others)
                AssertRefused(Bytes(text[..start] + other + text[(start + base64.Length)..]), $"{name} as {other}");
            if (bare.Length == base64.Length)
                continue;
            // The last digit has bits that no byte takes: only zeros are canonical.
            const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            string spare = bare[..^1] + Digits[Digits.IndexOf(bare[^1]) + 1] + base64[bare.Length..];
            AssertRefused(Bytes(text[..start] + spare + text[(start + base64.Length)..]), $"{name} with spare bits");
        }
    }

    [Test]
    public void Verify_RandomBytes_AreRefusedAndNothingIsThrown()
    {
        Gen.Byte.Array[0, 300].Sample(file => Verify(file, out _) is null, iter: 2_000, threads: 1);
        // Noise that begins like a receipt comes further.
        Gen.Select(Gen.Int[0, _later.Length - 1], Gen.Byte.Array[1, 40]).Sample(
            (at, noise) =>
            {
                byte[] file = [.. _later[..at], .. noise, .. _later[Math.Min(_later.Length, at + noise.Length)..]];
                return file.AsSpan().SequenceEqual(_later) || Verify(file, out _) is null;
            },
            iter: 1_000, threads: 1);
    }

    [Test]
    public void Write_File_IsWhatJavaScriptWouldWrite()
    {
        const string Program =
            "const t=require('fs').readFileSync(0,'utf8');"
            + "process.stdout.write(JSON.stringify(JSON.parse(t),null,2)+'\\n')";
        var start = new ProcessStartInfo("node", ["-e", Program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process node;
        try
        {
            node = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Assert.Ignore($"There is no node to compare with: {e.Message}");
            return;
        }
        using (node)
        {
            node.StandardInput.Write(Text(_later));
            node.StandardInput.Close();
            string written = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            Assert.That(written, Is.EqualTo(Text(_later)));
        }
    }

    private static string ChainId => Ledger.Genesis.ChainId.ToString();

    private ProvenTransaction? Verify(byte[] file, out ReceiptFailure? failure) =>
        ReceiptVerifier.Verify(file, Ledger.Genesis.ChainId, _verifier, out failure);

    /// <summary>Refused with a reason in words; <paramref name="what"/> is asked for only if not.</summary>
    private void AssertNotProven(byte[] file, Func<string> what)
    {
        if (Verify(file, out ReceiptFailure? failure) is not null || failure is not { Message.Length: > 0 } || !Enum.IsDefined(failure.Kind))
            throw new AssertionException($"A receipt passes, or is refused without a reason: {what()}");
    }

    private static string Around(byte[] file, int at) => Text(file)[Math.Max(0, at - 20)..Math.Min(file.Length, at + 5)];

    private void AssertRefused(byte[] file, string what, ReceiptFailureKind? kind = null)
    {
        Assert.That(file, Is.Not.EqualTo(_later), $"{what}: nothing was changed");
        Assert.That(Verify(file, out ReceiptFailure? failure), Is.Null, what);
        Assert.That(failure, Is.Not.Null, what);
        if (kind is not null)
            Assert.That(failure!.Kind, Is.EqualTo(kind), $"{what}: {failure.Message}");
    }

    private string FileOf(ulong position) => Text(Ledger.FileOf(Ledger.ProvenToOwnBlock(position), _verifier));

    private static string Text(byte[] file) => Encoding.UTF8.GetString(file);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Replace(byte[] file, string old, string with)
    {
        string text = Text(file);
        int at = text.IndexOf(old, StringComparison.Ordinal);
        Assert.That(at, Is.GreaterThan(0), $"The receipt has no {old}");
        return Bytes(text[..at] + with + text[(at + old.Length)..]);
    }

    /// <summary>Two neighbouring lines in the other order.</summary>
    private static byte[] Swap(string text, string first, string second)
    {
        int a = text.IndexOf(first, StringComparison.Ordinal);
        int b = text.IndexOf(second, StringComparison.Ordinal);
        int end = text.IndexOf('\n', b) + 1;
        return Bytes(text[..a] + text[b..end] + text[a..b] + text[end..]);
    }

    private static string Capital(string hex)
    {
        int letter = hex.AsSpan().IndexOfAnyInRange('a', 'f');
        return $"{hex[..letter]}{char.ToUpperInvariant(hex[letter])}{hex[(letter + 1)..]}";
    }

    private static byte[] EscapeBase64(string text)
    {
        int slash = text.IndexOf('/');
        Assert.That(slash, Is.GreaterThan(0));
        return Bytes($"{text[..slash]}\\{text[slash..]}");
    }

    private static byte[] LaterBlockNull(string text)
    {
        int start = text.IndexOf("\"laterBlock\": ", StringComparison.Ordinal) + "\"laterBlock\": ".Length;
        int end = text.IndexOf('}', start) + 1;
        return Bytes(text[..start] + "null" + text[end..]);
    }

    /// <summary>A byte that no UTF-8 has, after the given text.</summary>
    private static byte[] Break(byte[] file, string after)
    {
        int at = file.AsSpan().IndexOf(Bytes(after)) + after.Length;
        return [.. file[..at], 0xff, .. file[at..]];
    }
}
