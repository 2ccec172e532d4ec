using CsCheck;
using Google.Protobuf;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Wire;

/// <summary>
/// Goal: what passes the scanner has one meaning and one encoding. Method: every rule at every field of every message,
/// by hand-written bytes; mutated and random bytes against Google.Protobuf's own re-encoding.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WireProfileTest
{
    private static readonly WireSchema[] Schemas =
    [
        WireSchema.Of<SignedTransaction>(), WireSchema.Of<TransactionBody>(), WireSchema.Of<RecordChange>(),
        WireSchema.Of<RecordName>(), WireSchema.Of<Payload>(), WireSchema.Of<InlinePayload>(),
        WireSchema.Of<DefineType>(), WireSchema.Of<LocalizedText>(), WireSchema.Of<EnrolOfficer>(),
        WireSchema.Of<RevokeOfficer>(), WireSchema.Of<GenesisBody>(), WireSchema.Of<GenesisDepartment>(),
        WireSchema.Of<GenesisOfficer>(), WireSchema.Of<Parameters>(), WireSchema.Of<DepartmentState>(),
        WireSchema.Of<OfficerKeyState>(), WireSchema.Of<OfficerInterval>(), WireSchema.Of<OfficerState>(),
        WireSchema.Of<RecordTypeState>(), WireSchema.Of<RecordState>(), WireSchema.Of<LeaderState>(),
        WireSchema.Of<LeaderSuspension>(), WireSchema.Of<ValidatorInterval>(), WireSchema.Of<SuspendLeader>(),
        WireSchema.Of<SignedViewChange>(), WireSchema.Of<Accuse>(), WireSchema.Of<ProvenOffence>(),
        WireSchema.Of<PostReadRoot>(), WireSchema.Of<ReadRootState>(),
    ];

    private static IEnumerable<TestCaseData> Fields()
    {
        foreach (WireSchema schema in Schemas)
        {
            foreach (WireField field in schema.Fields.ToArray())
                yield return new TestCaseData(schema, field.Number).SetArgDisplayNames($"{schema.Name}.{field.Name}");
        }
    }

    [TestCaseSource(nameof(Fields))]
    public void Check_FieldAlone_PassesAndEachFlawIsNamed(WireSchema schema, int number)
    {
        WireField field = Field(schema, number);
        byte[] value = ValueOf(field);
        byte[] good = new WireBytes().Tag(number, field.WireType).Raw(value).ToArray();
        int tagBytes = good.Length - value.Length;
        string path = field.Repeated ? $"{field.Name}[0]" : field.Name;

        Assert.That(Check(schema, good), Is.Null);
        Expect(schema, new WireBytes().Tag(number, field.WireType ^ 2).Raw(value), WireViolationKind.WrongWireType, 0, field.Name);
        Expect(schema, new WireBytes().Tag(number, field.WireType, needless: 1).Raw(value), WireViolationKind.OverlongVarint, 0, "");
        Expect(schema, new WireBytes().Raw(good[..tagBytes]), WireViolationKind.Truncated, tagBytes, path);
        Expect(schema, new WireBytes().Raw(good).Raw(0x80), WireViolationKind.Truncated, good.Length, "");
        if (field.Repeated && !field.Packed)
            Assert.That(Check(schema, [.. good, .. good]), Is.Null);
        else
            Expect(schema, new WireBytes().Raw(good).Raw(good), WireViolationKind.Recurring, good.Length, field.Name);
        CheckDefault(schema, field, path);
        CheckRange(schema, field, path);
        if (field.WireType == 2)
            CheckLength(schema, field, path, tagBytes);
    }

    [TestCaseSource(nameof(Fields))]
    public void Check_FieldAfterAHigherOne_IsOutOfOrder(WireSchema schema, int number)
    {
        WireField last = schema.Fields[^1];
        if (number == last.Number)
            return;
        WireField field = Field(schema, number);
        byte[] first = new WireBytes().Tag(last.Number, last.WireType).Raw(ValueOf(last)).ToArray();
        Expect(
            schema,
            new WireBytes().Raw(first).Tag(number, field.WireType).Raw(ValueOf(field)),
            WireViolationKind.OutOfOrder, first.Length, $"#{number}");
    }

    [Test]
    public void Check_EveryNumberOfTheBody_IsKnownReservedOrUnknown()
    {
        int[] active = [1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21, 25, 26, 27, 28, 40, 48, 49, 50, 64, 65, 66, 67, 80, 81, 82];
        int[] reserved = [.. Enumerable.Range(22, 3), 83, 84];
        for (int number = 1; number < 200; number++)
        {
            WireViolation? found = Check(WireSchema.Of<TransactionBody>(), new WireBytes().Bytes(number).ToArray());
            if (active.Contains(number))
                Assert.That(found?.Kind, Is.Not.EqualTo(WireViolationKind.UnknownField).And.Not.EqualTo(WireViolationKind.NotActive));
            else
                Assert.That(found?.Kind, Is.EqualTo(
                    reserved.Contains(number) ? WireViolationKind.NotActive : WireViolationKind.UnknownField), $"{number}");
        }
    }

    [TestCase(2)]
    [TestCase(3)]
    public void Check_ReservedPayloadKind_IsNotActive(int kind)
    {
        byte[] payload = new WireBytes().Bytes(kind).ToArray();
        byte[] change = new WireBytes().Bytes(3, payload).ToArray();
        Expect(
            WireSchema.Of<TransactionBody>(), new WireBytes().Bytes(16, change),
            WireViolationKind.NotActive, 5, $"register.payload.#{kind}");
    }

    [Test]
    public void Check_TwoActions_NamesTheSecond() => Expect(
        WireSchema.Of<TransactionBody>(), new WireBytes().Bytes(16).Bytes(18),
        WireViolationKind.SecondOneofMember, 3, "annul");

    [Test]
    public void Check_FieldNumberZero_IsUnknown() => Expect(
        WireSchema.Of<TransactionBody>(), new WireBytes().Raw(0x00), WireViolationKind.UnknownField, 0, "#0");

    [Test]
    public void Check_TagBeyond32Bits_IsOutOfRange() => Expect(
        WireSchema.Of<TransactionBody>(), new WireBytes().Varint(1UL << 32 | 8), WireViolationKind.OutOfRange, 0, "");

    [Test]
    public void Check_SubMessageThatReachesBeyondItsParent_IsRefused()
    {
        // The record's length covers a byte that belongs to the message around the change.
        byte[] change = new WireBytes().Tag(1, 2).Varint(4).Bytes(1, (byte)'a').ToArray();
        Expect(
            WireSchema.Of<TransactionBody>(), new WireBytes().Bytes(16, change).Number(48, 1),
            WireViolationKind.LengthBeyondEnd, 4, "register.record");
    }

    [Test]
    public void Check_LaterElement_IsNamedByItsIndex()
    {
        byte[] good = new WireBytes().Bytes(1, "en"u8).Bytes(2, "x"u8).ToArray();
        byte[] bad = new WireBytes().Bytes(1, "fr"u8).Bytes(2, 0xc3).ToArray();
        Expect(
            WireSchema.Of<DefineType>(), new WireBytes().Bytes(3, good).Bytes(3, bad),
            WireViolationKind.InvalidUtf8, 16, "titles[1].text");
    }

    [Test]
    public void Check_ElementsOfAPackedRun_MayBeZero()
    {
        byte[] bytes = new WireBytes().Bytes(3, 0, 1, 0).ToArray();
        Assert.That(Check(WireSchema.Of<EnrolOfficer>(), bytes), Is.Null);
        Assert.That(EnrolOfficer.Parser.ParseFrom(bytes).ToByteArray(), Is.EqualTo(bytes));
    }

    [Test]
    public void Check_OneByteTooMany_IsTooLarge()
    {
        byte[] bytes = new WireBytes().Bytes(1, 1).ToArray();
        Assert.That(WireProfile.Check<SignedTransaction>(bytes, bytes.Length), Is.Null);
        Assert.That(WireProfile.Check<SignedTransaction>(bytes, bytes.Length - 1)?.Kind, Is.EqualTo(WireViolationKind.TooLarge));
    }

    [Test]
    public void Check_WhatGoogleProtobufWrites_Passes() =>
        WireSamples.Bodies.Sample(body =>
        {
            byte[] bytes = body.ToByteArray();
            return WireProfile.Check<TransactionBody>(bytes, int.MaxValue) is null && ReencodesToItself(bytes);
        }, iter: 2_000);

    [Test]
    public void Check_MutatedBytes_EitherFailOrReencodeToThemselves() =>
        Gen.Select(WireSamples.Bodies, WireSamples.Mutations).Sample((body, mutation) =>
        {
            byte[] bytes = mutation(body.ToByteArray());
            return WireProfile.Check<TransactionBody>(bytes, int.MaxValue) is not null || ReencodesToItself(bytes);
        }, iter: 20_000);

    [Test]
    public void Check_RandomBytes_EitherFailOrReencodeToThemselves() =>
        Gen.Byte.Array[0, 40].Sample(
            bytes => WireProfile.Check<TransactionBody>(bytes, int.MaxValue) is not null || ReencodesToItself(bytes),
            iter: 100_000);

    [Test]
    public void Check_EveryTruncationOfABody_EitherFailsOrReencodesToItself()
    {
        byte[] bytes = WireSamples.Full.ToByteArray();
        for (int length = 0; length < bytes.Length; length++)
        {
            byte[] cut = bytes[..length];
            Assert.That(
                Check(WireSchema.Of<TransactionBody>(), cut) is not null || ReencodesToItself(cut), $"cut at {length}");
        }
    }

    [Test]
    public void Schema_OfAMessageThatContainsItself_IsRefused() =>
        Assert.That(
            () => WireSchema.Of<Google.Protobuf.WellKnownTypes.Struct>(),
            Throws.TypeOf<TypeInitializationException>().With.InnerException.TypeOf<NotSupportedException>());

    private static void CheckDefault(WireSchema schema, WireField field, string path)
    {
        byte[] bytes = new WireBytes().Tag(field.Number, field.WireType).Varint(0).ToArray();
        int offset = bytes.Length - 1;
        if (field.Packed)
            Expect(schema, new WireBytes().Raw(bytes), WireViolationKind.EmptyRun, offset, path);
        else if (field.Kind == WireFieldKind.Message || field.Repeated)
            Assert.That(Check(schema, bytes), Is.Null);
        else
            Expect(schema, new WireBytes().Raw(bytes), WireViolationKind.DefaultOnWire, offset, path);
    }

    private static void CheckRange(WireSchema schema, WireField field, string path)
    {
        if (!field.IsNumber)
            return;
        ulong max = field.Kind switch { WireFieldKind.Bool => 1, WireFieldKind.UInt32 => uint.MaxValue, _ => ulong.MaxValue };
        Assert.That(Check(schema, One(field, new WireBytes().Varint(max).ToArray(), out int offset)), Is.Null);
        byte[] beyond = max == ulong.MaxValue
            ? [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]
            : new WireBytes().Varint(max + 1).ToArray();
        Expect(schema, new WireBytes().Raw(One(field, beyond, out offset)), WireViolationKind.OutOfRange, offset, path);
        byte[] overlong = new WireBytes().Varint(1, needless: 1).ToArray();
        Expect(schema, new WireBytes().Raw(One(field, overlong, out offset)), WireViolationKind.OverlongVarint, offset, path);
    }

    private static void CheckLength(WireSchema schema, WireField field, string path, int tagBytes)
    {
        Expect(
            schema, new WireBytes().Tag(field.Number, 2).Varint(2).Raw(1),
            WireViolationKind.LengthBeyondEnd, tagBytes, path);
        Expect(
            schema, new WireBytes().Tag(field.Number, 2).Varint(uint.MaxValue).Raw(1),
            WireViolationKind.OutOfRange, tagBytes, path);
        Expect(
            schema, new WireBytes().Tag(field.Number, 2).Varint(1, needless: 1).Raw(1),
            WireViolationKind.OverlongVarint, tagBytes, path);
        if (field.Kind == WireFieldKind.String)
        {
            foreach (byte[] text in new byte[][] { [0x80], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80] })
                Expect(schema, new WireBytes().Bytes(field.Number, text), WireViolationKind.InvalidUtf8, tagBytes, path);
        }
    }

    /// <summary>A number field with this value; packed ones have it as their only element.</summary>
    private static byte[] One(WireField field, byte[] value, out int offset)
    {
        var bytes = new WireBytes().Tag(field.Number, field.WireType);
        if (field.Packed)
            bytes.Varint((ulong)value.Length);
        offset = bytes.ToArray().Length;
        return bytes.Raw(value).ToArray();
    }

    private static byte[] ValueOf(WireField field) => field switch
    {
        { Packed: true } => [1, 1],
        { IsNumber: true } => [1],
        { Kind: WireFieldKind.Message } => [0],
        _ => [1, (byte)'a'],
    };

    private static WireField Field(WireSchema schema, int number) =>
        schema.Fields.ToArray().Single(field => field.Number == number);

    private static WireViolation? Check(WireSchema schema, byte[] bytes) => WireProfile.Check(schema, bytes, int.MaxValue);

    private static void Expect(WireSchema schema, WireBytes bytes, WireViolationKind kind, int offset, string path) =>
        Assert.That(Check(schema, bytes.ToArray()), Is.EqualTo(new WireViolation(kind, offset, path)));

    private static bool ReencodesToItself(byte[] bytes) =>
        TransactionBody.Parser.ParseFrom(bytes).ToByteArray().AsSpan().SequenceEqual(bytes);
}
