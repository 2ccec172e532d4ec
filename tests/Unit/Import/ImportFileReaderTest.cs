using System.Text;
using System.Text.Json;
using GovChain.Client.Import;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Import;

/// <summary>Files are read whole or refused whole, with the line.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ImportFileReaderTest
{
    private readonly string _directory = Directory.CreateTempSubdirectory("govchain-import-").FullName;

    [TearDown]
    public void Clean() => Directory.Delete(_directory, recursive: true);

    [TestCase("cn-admin-divisions/gb2260-mca-events.ndjson", 6_643, 297, 3_424)]
    [TestCase("us-dotgov/dotgov-domain-events.ndjson", 14_687, 4_421, 523)]
    public void Ndjson_RealFile_CountsMatchThePublishedOnes(string file, int registered, int amended, int annulled)
    {
        ImportFile read = ImportFileReader.Read(SharedFolder.Require("data/" + file), ImportFormat.Ndjson);
        Assert.That(CountsOf(read), Is.EqualTo(new[] { registered, amended, annulled }));
    }

    [Test]
    public void Ndjson_RealFile_PayloadIsTheRecordAsItStandsInTheFile()
    {
        string path = SharedFolder.Require("data/cn-admin-divisions/gb2260-mca-events.ndjson");
        string firstLine = File.ReadLines(path).First();
        ImportEvent first = ImportFileReader.Read(path, ImportFormat.Ndjson).Events[0];
        Assert.That(firstLine, Does.Contain("\"record\":" + Encoding.UTF8.GetString(first.Payload.Span)));
    }

    [TestCase("country", 224)]
    [TestCase("school", 1_013)]
    public void Rsf_RealFile_KeepsOrderAndItems(string register, int entries)
    {
        string path = SharedFolder.Require($"data/govuk-registers/{register}-data.rsf");
        ImportFile read = ImportFileReader.Read(path, ImportFormat.Rsf);
        string[] keys = [.. File.ReadLines(path).Select(l => l.Split('\t'))
            .Where(f => f[0] == "append-entry" && f[1] == "user").Select(f => f[2])];
        int system = File.ReadLines(path).Count(l => l.StartsWith("append-entry\tsystem", StringComparison.Ordinal));
        Assert.Multiple(() =>
        {
            Assert.That(read.Events.Select(e => e.RecordId), Is.EqualTo(keys));
            Assert.That(keys.Length + system, Is.EqualTo(entries));
            Assert.That(read.Title, Is.Not.Empty);
            Assert.That(read.Events.All(e => JsonDocument.Parse(e.Payload).RootElement.ValueKind == JsonValueKind.Object));
        });
    }

    [Test]
    public void Rsf_ItemChangedByOneByte_IsRefusedWithTheLineOfTheEntryThatMissesIt()
    {
        string[] lines = File.ReadAllLines(SharedFolder.Require("data/govuk-registers/country-data.rsf"));
        int entry = Array.FindIndex(lines, l => l.StartsWith("append-entry\tuser", StringComparison.Ordinal));
        string hash = lines[entry].Split('\t')[4]["sha-256:".Length..];
        int item = Array.FindIndex(lines, l => l.StartsWith("add-item\t", StringComparison.Ordinal)
            && Core.Cryptography.Sha256.Hash(Encoding.UTF8.GetBytes(l["add-item\t".Length..])).ToString() == hash);
        lines[item] = lines[item].Replace("\"}", "!\"}");
        int firstUse = Array.FindIndex(lines, l => l.EndsWith(hash, StringComparison.Ordinal));
        Refused(ImportFormat.Rsf, string.Join('\n', lines), firstUse + 1, "no item before this line");
    }

    [TestCase("append-entry\tuser\tX\t2020-01-01T00:00:00Z\tsha-256:00", 1, "no sha-256 hash")]
    [TestCase("remove-item\t{}", 1, "no RSF command")]
    [TestCase("add-item\t{\"a\":1,\"a\":2}", 1, "no valid JSON")]
    [TestCase("add-item\t[1]", 1, "no JSON object")]
    [TestCase("append-entry\tuser\tX\t2020\t", 1, "not in the register")]
    [TestCase("assert-root-hash\tsha-256:0000000000000000000000000000000000000000000000000000000000000000", 1, "root hash")]
    public void Rsf_BadLine_IsRefusedWithItsNumber(string text, int line, string reason) =>
        Refused(ImportFormat.Rsf, text, line, reason);

    [Test]
    public void Rsf_RootHashOfTheEmptyRegister_IsChecked()
    {
        ImportFile read = Read(ImportFormat.Rsf,
            "assert-root-hash\tsha-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
        Assert.That(read.Events, Is.Empty);
    }

    [TestCase("{\"op\":\"REGISTER\",\"key\":\"a\",\"record\":{}}\nnot json", 2, "no valid JSON")]
    [TestCase("{\"op\":\"DELETE\",\"key\":\"a\",\"record\":{}}", 1, "REGISTER, AMEND and CANCEL")]
    [TestCase("{\"op\":\"REGISTER\",\"key\":\"a b\",\"record\":{}}", 1, "no record id")]
    [TestCase("{\"op\":\"REGISTER\",\"key\":7,\"record\":{}}", 1, "must be a string")]
    [TestCase("{\"op\":\"REGISTER\",\"record\":{}}", 1, "\"key\" is missing")]
    [TestCase("{\"op\":\"REGISTER\",\"key\":\"a\"}", 1, "\"record\" is missing")]
    [TestCase("{\"op\":\"REGISTER\",\"key\":\"a\",\"key\":\"b\",\"record\":{}}", 1, "no valid JSON")]
    [TestCase("{\"seq\":2,\"op\":\"CANCEL\",\"key\":\"a\"}\n{\"seq\":2,\"op\":\"CANCEL\",\"key\":\"a\"}", 2, "greater")]
    [TestCase("[]", 1, "no JSON object")]
    public void Ndjson_BadLine_IsRefusedWithItsNumber(string text, int line, string reason) =>
        Refused(ImportFormat.Ndjson, text, line, reason);

    [Test]
    public void Ndjson_InvalidUtf8_IsRefused()
    {
        byte[] bytes = [.. "{\"op\":\"REGISTER\",\"key\":\"a\",\"record\":{\"x\":\""u8, 0xC3, 0x28, .. "\"}}"u8];
        Assert.That(() => Read(ImportFormat.Ndjson, bytes), Throws.TypeOf<ImportFileException>());
    }

    [Test]
    public void Csv_QuotesAndLineBreaks_BecomeOneJsonObjectARow()
    {
        ImportFile read = Read(ImportFormat.Csv, "id,name,op\nA1,\"Smith, \"\"J\"\"\nJr\",register\nA1,中,amend\nA1,,annul\n",
            new CsvOptions("id", "op"));
        Assert.Multiple(() =>
        {
            Assert.That(CountsOf(read), Is.EqualTo(new[] { 1, 1, 1 }));
            Assert.That(Encoding.UTF8.GetString(read.Events[0].Payload.Span),
                Is.EqualTo("{\"id\":\"A1\",\"name\":\"Smith, \\\"J\\\"\\nJr\"}"));
            Assert.That(Encoding.UTF8.GetString(read.Events[1].Payload.Span), Is.EqualTo("{\"id\":\"A1\",\"name\":\"中\"}"));
            Assert.That(read.Events[2].Payload.Length, Is.Zero);
        });
    }

    [Test]
    public void Csv_ReadByOtherColumns_IsAnotherImport()
    {
        const string Table = "id,name,op\nA1,x,register\n";
        ImportFile one = Read(ImportFormat.Csv, Table, new CsvOptions("id", "op"));
        Assert.That(Read(ImportFormat.Csv, Table, new CsvOptions("id", "op")).Digest, Is.EqualTo(one.Digest));
        Assert.That(Read(ImportFormat.Csv, Table, new CsvOptions("id", null)).Digest, Is.Not.EqualTo(one.Digest));
        Assert.That(Read(ImportFormat.Csv, Table, new CsvOptions("name", "op")).Digest, Is.Not.EqualTo(one.Digest));
    }

    [TestCase("id,name\nA1\n", "")]
    [TestCase("id,id\nA1,b\n", "one name")]
    [TestCase("name\nx\n", "no column")]
    [TestCase("id\n\"A1\n", "")]
    public void Csv_BadTable_IsRefused(string text, string reason)
    {
        ImportFileException e = Assert.Throws<ImportFileException>(
            () => Read(ImportFormat.Csv, text, new CsvOptions("id", null)))!;
        Assert.That(e.Message, Does.Contain(reason));
        Assert.That(e.Line, Is.Positive);
    }

    private static int[] CountsOf(ImportFile file) =>
        [.. Enum.GetValues<ImportOperation>().Select(o => file.Events.Count(e => e.Operation == o))];

    private void Refused(ImportFormat format, string text, int line, string reason)
    {
        ImportFileException e = Assert.Throws<ImportFileException>(() => Read(format, text))!;
        Assert.Multiple(() =>
        {
            Assert.That(e.Line, Is.EqualTo(line));
            Assert.That(e.Message, Does.Contain(reason));
        });
    }

    private ImportFile Read(ImportFormat format, string text, CsvOptions? csv = null) =>
        Read(format, Encoding.UTF8.GetBytes(text), csv);

    private ImportFile Read(ImportFormat format, byte[] bytes, CsvOptions? csv = null)
    {
        string path = Path.Combine(_directory, "file");
        File.WriteAllBytes(path, bytes);
        return ImportFileReader.Read(path, format, csv);
    }
}
